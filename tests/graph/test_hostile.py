"""Documents that want to cost much are refused with a code, and nothing is asked of the database for them."""

import pytest
from django.db import connections
from django.test.utils import CaptureQueriesContext
from tessera.context import EVERYTHING, Actor, enter
from tessera.errors import Code
from tessera.fields import new_id
from tessera.graph.answers import answer, answer_here
from tessera.graph.limits import LIMITS
from tessera.graph.requests import Request
from tessera.graph.schemas import schema_for
from tessera.testing.asking import ask, codes
from tessera.testing.hostile import corpus
from tessera.testing.plugin import entered

CORPUS = corpus()


@pytest.fixture(scope="module")
def bob():
    """A member who may view what the documents are about, and nothing of the schema."""
    may = ("base.party_view", "base.party_create", "base.org_unit_view", "base.party_role_view", "base.address_view")
    return Actor(kind="member", member_id=new_id(), name="bob", grants=dict.fromkeys(may, EVERYTHING))


def test_there_are_two_hundred_of_them():
    assert len({each.name for each in CORPUS}) == len(CORPUS) >= 200
    assert len({(each.text, str(each.variables)) for each in CORPUS}) == len(CORPUS)


@pytest.mark.parametrize("hostile", CORPUS, ids=lambda each: each.name)
def test_it_is_refused_without_a_statement(tenant, bob, settings, hostile):
    settings.TESSERA_OPEN_INTROSPECTION = False
    with entered(tenant, actor=bob), CaptureQueriesContext(connections["default"]) as sent:
        body = ask(hostile.text, **hostile.variables)
    assert not any((body.get("data") or {}).values())
    assert set(codes(body)) <= {Code.BAD_INPUT, Code.TOO_COMPLEX, Code.FORBIDDEN, Code.BAD_CURSOR}, body
    assert 1 <= len(body["errors"]) <= LIMITS.errors + 1  # the last says that there are more
    assert len(sent) == 0


@pytest.mark.parametrize("on", [frozenset({"base"}), frozenset({"base", "orders", "sales"})], ids=sorted)
def test_what_is_wrong_is_told_in_the_words_of_the_companys_own_schema(tenant, bob, on):
    """A document is validated by the whole schema first; that of the company is only asked where it would say something else."""
    own, told = schema_for(on), []
    with enter(tenant.ref(), actor=bob, modules=on):
        for each in CORPUS:
            asked = Request(each.text, each.variables)
            here, alone = answer_here(asked), answer(own, ("own", on), asked)
            told.append(here.body.get("errors"))
            assert told[-1] == alone.body.get("errors"), each.name
    assert sum(map(bool, told)) > 150
