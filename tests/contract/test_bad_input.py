"""What bad input gets, over HTTP, from somebody who may do everything: a code, the field, and nothing changed."""

import json

import pytest
from django.test import Client
from tessera.access.models import Member
from tessera.accounts.models import Account
from tessera.graph.ids import encode
from tessera.testing.rows import key_of
from tessera.testing.sweep.canaries import AMBER, COBALT, MarkedRows
from tessera.testing.sweep.findings import digests, undone
from tessera.testing.sweep.worlds import ASKING, Place
from tessera.unit_of_work import unit_of_work

from modules.base.models import ExchangeRate, Item, Unit, UnitConversion
from tenants.models import Installation

MANY = "x" * 10_000_000
CHANGING = "mutation($v: {0}) {{ it: {1} {{ userErrors {{ field code }} }} }}"
UNIT = 'unitCreate(input: {code: "new", name: $v})'
RATE = 'exchangeRateCreate(input: {currency: "USD", quote: "EUR", date: "2026-01-01", rate: $v})'
DAY = 'exchangeRateCreate(input: {currency: "USD", quote: "EUR", date: $v, rate: "1.5"})'


@pytest.fixture
def place(tenant, other_tenant):
    """Return tenant A with units, a rate and an item, and the other one with rows of its own; ada may do everything."""
    there, here = Place(other_tenant, MarkedRows(COBALT)), Place(tenant, MarkedRows(AMBER))
    with there.inside(), unit_of_work():
        there.rows.row(Unit, 1)
    with here.inside(), unit_of_work():
        for model in (Unit, Item, ExchangeRate):
            here.rows.row(model, 0)
        box = Unit(id=key_of(Unit, 7), code="box", name="Box")
        box.save()
        UnitConversion(source=box, target=Unit.objects.get(pk=key_of(Unit, 0)), numerator=12, denominator=1).save()
    here.admit(Account.objects.create_user("ada@example.com", "correct horse 42"), here.newcomer(ASKING, "Ada"))
    return here


def unit(number, name="Unit"):
    return encode(name, key_of(Unit, number))


def told(response):
    """Return (code, field) of everything that is wrong with a request, wherever the answer says it."""
    body = json.loads(response.content)
    found = [(each["extensions"]["code"], each["extensions"].get("field")) for each in body.get("errors", ())]
    for payload in (body.get("data") or {}).values():
        found += [(each["code"], each["field"]) for each in (payload or {}).get("userErrors", ())]
    return found


def mutation(kind, field, value):
    return {"query": CHANGING.format(kind, field), "variables": {"v": value}}


def literal(text):
    """Return a mutation with a text in the document itself."""
    return {"query": f'mutation {{ unitCreate(input: {{code: "n", name: "{text}"}}) {{ node {{ id }} }} }}'}


CHANGE = 'unitUpdate(id: $v, input: {name: "X"})'
REFUSED = {
    "a wrong field": ({"query": "{ units { nodes { colour } } }"}, [("BAD_INPUT", None)]),
    "a wrong input field": (mutation("String!", 'unitCreate(input: {code: "n", name: $v, colour: 1})', "N"), [("BAD_INPUT", ["input", "colour"])]),
    "a stale version": (
        {"query": CHANGING.format("Int", f'unitUpdate(id: "{unit(0)}", version: $v, input: {{name: "X"}})'), "variables": {"v": 9}},
        [("CONFLICT", ["version"])],
    ),
    "an id of another tenant": (mutation("ID!", CHANGE, unit(1)), [("NOT_FOUND", ["id"])]),
    "an id of another type": (mutation("ID!", CHANGE, unit(0, "Item")), [("NOT_FOUND", ["id"])]),
    "an id that is none": (mutation("ID!", CHANGE, "1"), [("NOT_FOUND", ["id"])]),
    "a key of another tenant": (
        mutation("ID!", 'itemCreate(input: {code: "i", name: "I", unit: $v})', unit(1)),
        [("NOT_FOUND", ["input", "unit"])],
    ),
    "a NUL byte": (mutation("String!", UNIT, "a\0b"), [("BAD_INPUT", ["v"])]),
    "a NUL byte in the document": (literal("a\\u0000b"), [("BAD_INPUT", ["input", "name"])]),
    "half of a surrogate pair": (literal("\\ud800"), [("BAD_INPUT", None)]),
    "NaN": (mutation("Decimal!", RATE, "NaN"), [("BAD_INPUT", ["v"])]),
    "Infinity": (mutation("Decimal!", RATE, "-Infinity"), [("BAD_INPUT", ["v"])]),
    "a number as large as none": (mutation("Decimal!", RATE, "9" * 60), [("BAD_INPUT", ["v"])]),
    "a number too large for its column": (mutation("Decimal!", RATE, "9" * 20), [("INVALID", ["input", "rate"])]),
    "an integer too large": (mutation("Int", f'unitUpdate(id: "{unit(0)}", version: $v, input: {{}})', 2**31), [("BAD_INPUT", ["v"])]),
    "a date in the year 0": (mutation("Date!", DAY, "0000-01-01"), [("BAD_INPUT", ["v"])]),
    "a date in the year 12026": (mutation("Date!", DAY, "12026-01-01"), [("BAD_INPUT", ["v"])]),
    "a date that is none": (mutation("Date!", DAY, "2026-02-30"), [("BAD_INPUT", ["v"])]),
    "a text too long": (mutation("String!", UNIT, "x" * 5_000), [("INVALID", ["input", "name"])]),
    "a cyclic conversion": (
        mutation("ID!", f'unitConversionCreate(input: {{source: $v, target: "{unit(7)}", numerator: 2}})', unit(0)),
        [("CYCLE", ["input", "target"])],
    ),
    "an unknown enum": (
        {"query": 'query($v: ItemKind!) { items(filter: {kind: {eq: $v}}) { totalCount } }', "variables": {"v": "CLOUD"}},
        [("BAD_INPUT", ["v"])],
    ),
    "a wrong cursor": ({"query": 'query { units(after: "AAAA") { totalCount } }'}, [("BAD_CURSOR", ["after"])]),
    "a page too large": ({"query": "query { units(first: 251) { totalCount } }"}, [("BAD_INPUT", ["first"])]),
    "a deep nesting": ({"query": "{ units { nodes " + "{ tags { nodes " * 7 + "{ id }" + " } }" * 7 + " } }"}, None),
    "a deep filter": ({"query": "{ units(filter: " + "{not: " * 6 + "{}" + "}" * 6 + ") { totalCount } }"}, None),
    "an import of a module that is off": (
        {"query": 'mutation { it: importRunCreate(input: {importer: "sales_orders", data: "number"}) { userErrors { field code } } }'},
        [("MODULE_DISABLED", None)],
    ),
    "a mutation of a module that is off": ({"query": "{ salesOrders { totalCount } }"}, [("BAD_INPUT", None)]),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_bad_input_gets_its_code_and_field_and_changes_nothing(place, name):
    body, expected = REFUSED[name]
    with undone(place):
        if "module that is off" in name:
            Installation.objects.filter(tenant=place.tenant, module="orders").update(state=Installation.State.OFF)
        before = digests(place)
        response = place.post(body["query"], **{each: value for each, value in body.items() if each != "query"})
        assert response.status_code == 200
        found = told(response)
        assert (found == expected) if expected else found[0][0] == "TOO_COMPLEX"
        after = digests(place)
    assert {table for table in before if before[table] != after[table]} <= {"access_accesstoken"}  # when it was used last


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b'[{"query": "{ __typename }"}, {"query": "{ __typename }"}]', 400, "BAD_INPUT"),
        (b'{"query": "{ __typename }", "variables": {"a": "\\ud800"}}', 400, "BAD_INPUT"),
        (b'{"query": "{ __typename }", "variables": {"a": NaN}}', 400, "BAD_INPUT"),
        (b'{"query": "{ __typename }", "variables": {"a": ' + b"[" * 5_000 + b"]" * 5_000 + b"}}", 400, "BAD_INPUT"),
        (b'{"query": "\xff"}', 400, "BAD_INPUT"),
        (json.dumps({"query": MANY}).encode(), 413, "TOO_COMPLEX"),
    ],
    ids=["a batch", "half of a pair", "NaN", "a deep nesting", "no UTF-8", "10 MB"],
)
def test_a_body_that_is_no_request_is_refused_by_its_status(place, body, status, code):
    headers = {"host": place.host, "authorization": f"Bearer {place.secret}", "accept": "application/graphql-response+json"}
    response = Client().post("/graphql", body, content_type="application/json", headers=headers)
    assert (response.status_code, told(response)) == (status, [(code, None)])


def test_who_lacks_the_right_is_told_which(place):
    with place.inside(), unit_of_work():
        Member.objects.filter(pk=key_of(Member, ASKING)).update(is_owner=False)
    response = place.post('mutation { unitCreate(input: {code: "n", name: "N"}) { node { id } } }')
    (error,) = json.loads(response.content)["errors"]
    assert (error["extensions"]["code"], error["extensions"]["permission"]) == ("FORBIDDEN", "base.unit_create")
    with place.inside():
        assert not Unit.objects.filter(code="n").exists()
