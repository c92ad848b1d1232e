"""Hand-written fields, as a module may add some that no resource can say."""

import graphene
from graphene_django import DjangoObjectType

from tests.samples.lending import models


class Loan(graphene.ObjectType):
    """Stands for the generated type of this name."""


class LoanRow(DjangoObjectType):
    """Stands for the generated type of its model."""

    class Meta:
        model = models.Loan
        fields = ("id",)


class Query(graphene.ObjectType):
    greeting = graphene.String(name=graphene.String(required=True))
    last_loan = graphene.Field(Loan)
    first_loan = graphene.Field(LoanRow)

    def resolve_greeting(self, info, name):
        return f"hello {name}"

    def resolve_first_loan(self, info):
        return models.Loan.objects.order_by("due").first()
