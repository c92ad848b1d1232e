"""Hand-written GraphQL types join the schema under the same rights as the generated ones."""

from types import SimpleNamespace

import graphene
import pytest
from graphene_django import DjangoObjectType
from tessera.context import EVERYTHING, Actor, acting
from tessera.fields import new_id
from tessera.graph.graphene_types import compiled
from tessera.numbering.models import VoidedNumber
from tessera.unit_of_work import unit_of_work

from tests.samples.lending.models import Loan

FIRST = "{ firstLoan { reader book { title } } }"


@pytest.mark.parametrize(
    ("rights", "answer"),
    [
        (["lending.loan_view", "library.book_view"], {"reader": "Dan", "book": {"title": "Alpha"}}),
        (["lending.loan_view"], {"reader": "Dan", "book": None}),
        (["library.book_view"], None),
    ],
)
def test_rows_of_a_hand_written_field_are_read_under_the_rights_of_their_resource(library, ask, rights, answer):
    with unit_of_work():
        Loan(book=library.alpha, reader="Dan", due="2026-01-01").save()
    with acting(Actor(kind="member", member_id=new_id(), name="bob", grants=dict.fromkeys(rights, EVERYTHING))):
        assert ask(FIRST).data == {"firstLoan": answer}


def test_a_hand_written_type_of_a_model_without_a_resource_is_refused():
    class Numbers(DjangoObjectType):
        class Meta:
            model = VoidedNumber
            fields = ("id",)

    class Query(graphene.ObjectType):
        number = graphene.Field(Numbers)

    query = compiled(SimpleNamespace(Query=Query), {})["Query"]
    with pytest.raises(TypeError, match="Numbers shows a model that has no resource here"):
        dict(query.fields)
