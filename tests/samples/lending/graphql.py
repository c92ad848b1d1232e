"""A hand-written field, as a module may add one that no resource can say."""

import graphene


class Loan(graphene.ObjectType):
    """Stands for the generated type of this name."""


class Query(graphene.ObjectType):
    greeting = graphene.String(name=graphene.String(required=True))
    last_loan = graphene.Field(Loan)

    def resolve_greeting(self, info, name):
        return f"hello {name}"
