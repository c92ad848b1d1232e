"""Orders come in as rows: history as it was, open ones in force, each bad row with its reason."""

import json
from datetime import date
from decimal import Decimal

import pytest
from django.db import connections
from django.test.utils import CaptureQueriesContext
from tessera.audit.models import AuditEntry
from tessera.context import EVERYTHING, Actor, Reach, acting
from tessera.errors import Forbidden
from tessera.exchange.models import ImportRun
from tessera.exchange.services import import_rows
from tessera.lineage.models import DocumentRevision
from tessera.lineage.services import content_hash
from tessera.testing.asking import ask
from tessera.unit_of_work import unit_of_work

from modules.base.api import TaxRate, TaxRule
from modules.base.models import Item, Party
from modules.base.tests.factories import make_company, make_tax
from modules.erp.orders.models import SalesOrder, SalesOrderLine, SalesOrderTax
from modules.erp.orders.tests.factories import make_shop

D = Decimal
IMPORTER = ("exchange.import_run_create", "orders.sales_order_import", "base.company_view", "base.party_view", "base.item_view")
JSON = ImportRun.Format.JSON


@pytest.fixture
def shop(inside):
    """A shop whose customer has a code, as rows name it."""
    shop = make_shop()
    with unit_of_work():
        shop.customer.code = "ALFKI"
        shop.customer.save()
    return shop


def row(number: int, **values) -> dict:
    """Return an order that was delivered: 12 teas at 14.00 and freight."""
    return {
        "company": "HQ",
        "external_id": str(number),
        "party": "ALFKI",
        "document_date": "1996-07-04",
        "delivered_on": "1996-07-16",
        "freight": "32.38",
        "lines": [{"item": "TEA", "quantity": "12", "unit_price": "14.00", "discount": "0.05"}],
    } | values


def open_row(number: int, **values) -> dict:
    return row(number, delivered_on="", document_date="2026-03-01", **values)


def bring(*rows: dict, mode: ImportRun.Mode = ImportRun.Mode.ALL_OR_NOTHING) -> ImportRun:
    return import_rows(importer="sales_orders", data=json.dumps(rows), format=JSON, mode=mode)


def problems_of(run: ImportRun) -> list[tuple]:
    return [(each["row"], each["field"], each["code"]) for each in run.problems]


def test_history_comes_in_as_it_was_and_each_row_is_audited(shop):
    make_rule()
    run = bring(row(10248), row(10249, freight="0"))
    assert (run.total, run.imported, run.problems, run.held) == (2, 2, [], [])
    order = SalesOrder.objects.get(external_id="10248")
    assert (order.state, order.number, order.history, order.version) == ("closed", "10248", True, 1)
    assert (order.net_total, order.tax_total, order.gross_total) == (D("191.98"), D("19.20"), D("211.18"))  # taxed as it was then
    assert order.note == "delivered on 1996-07-16"
    revision = DocumentRevision.objects.get(document=order.pk)
    stored = SalesOrder.objects.get(pk=order.pk)
    assert revision.content_hash == order.content_hash == content_hash(stored)
    lines = list(order.lines.order_by("position"))
    assert [(line.kind, line.net, line.gross) for line in lines] == [
        ("item", D("159.60"), D("175.56")),
        ("charge", D("32.38"), D("35.62")),
    ]
    written = AuditEntry.objects.filter(label__startswith="orders.").values_list("label", "record", "verb")
    records = [*SalesOrder.objects.all(), *SalesOrderLine.objects.all(), *SalesOrderTax.objects.all()]
    assert sorted(written) == sorted((each._meta.label, each.pk, "create") for each in records)
    assert len(records) == 8
    audited = AuditEntry.objects.get(record=order.pk)
    assert (audited.before, audited.after["content_hash"], audited.after["number"]) == ({}, order.content_hash, "10248")


def make_rule() -> None:
    with unit_of_work():
        tax = make_tax()
        TaxRate(tax=tax, valid_from=date(1990, 1, 1), rate=D("0.10")).save()
        TaxRule(side="sale", tax=tax).save()


def test_a_hundred_orders_of_history_take_as_many_statements_as_ten(shop):
    make_rule()
    counts = []
    for start, many in ((0, 10), (100, 100)):
        rows = [row(start + number, document_date=f"1996-07-{1 + number % 28:02}") for number in range(many)]
        with CaptureQueriesContext(connections["default"]) as queries:
            assert bring(*rows).imported == many
        counts.append(len(queries))
    assert counts[0] == counts[1] <= 30


BAD = [
    ({"party": "NOBODY"}, "party", "NOT_FOUND"),
    ({"external_id": ""}, "external_id", "REQUIRED"),
    ({"document_date": "0000-01-01"}, "document_date", "INVALID"),
    ({"document_date": "1996-02-30"}, "document_date", "INVALID"),
    ({"freight": "NaN"}, "freight", "INVALID"),
    ({"freight": "1e20"}, "freight", "INVALID"),
    ({"freight": "1_000"}, "freight", "INVALID"),
    ({"currency": "XXX"}, "rate", "NO_RATE"),
    ({"lines": []}, "lines", "REQUIRED"),
    ({"lines": "tea"}, "lines", "INVALID"),
    ({"lines": ["tea"]}, "lines.0", "INVALID"),
    ({"freight_text": "sea\0freight"}, "freight_text", "INVALID"),
    ({"freight_text": "\ud83d"}, "freight_text", "INVALID"),
    ({"freight_text": {"en": "Freight"}}, "freight_text", "INVALID"),
    ({"freight_text": "x" * 401}, "", "INVALID"),
    ({"colour": "red"}, "colour", "INVALID"),
    ({"col\0our": "red"}, "col\\0our", "INVALID"),
    *(
        ({"lines": [{"item": "TEA", "quantity": "1", "unit_price": "1"} | line]}, f"lines.0.{field}", code)
        for line, field, code in (
            ({"item": "NOTHING"}, "item", "NOT_FOUND"),
            ({"quantity": "many"}, "quantity", "INVALID"),
            ({"quantity": "Infinity"}, "quantity", "INVALID"),
            ({"quantity": "0"}, "quantity", "INVALID"),
            ({"quantity": None}, "quantity", "REQUIRED"),
            ({"quantity": True}, "quantity", "INVALID"),
            ({"unit_price": "-1"}, "unit_price", "INVALID"),
            ({"unit_price": "1" * 15}, "unit_price", "INVALID"),
            ({"discount": "1.5"}, "discount", "INVALID"),
        )
    ),
]


@pytest.mark.parametrize(("wrong", "field", "code"), BAD)
def test_a_bad_row_is_told_by_field_and_the_good_ones_come_in_when_asked(shop, wrong, field, code):
    rows = (row(1), row(2, **wrong), row(3))
    nothing = bring(*rows)
    assert (problems_of(nothing), nothing.imported, SalesOrder.objects.count()) == ([(2, field, code)], 0, 0)
    assert not AuditEntry.objects.filter(label__startswith="orders.").exists()
    good = bring(*rows, mode=ImportRun.Mode.GOOD_ROWS)
    assert (problems_of(good), good.imported) == ([(2, field, code)], 2)
    assert sorted(SalesOrder.objects.values_list("external_id", flat=True)) == ["1", "3"]


def test_an_order_comes_in_once_from_a_file_and_once_in_all(shop):
    twice = bring(row(1), row(2), row(1), open_row(2), mode=ImportRun.Mode.GOOD_ROWS)
    assert (problems_of(twice), twice.imported) == ([(3, "external_id", "UNIQUE"), (4, "external_id", "UNIQUE")], 2)
    again = bring(row(1), row(3), mode=ImportRun.Mode.GOOD_ROWS)
    assert (problems_of(again), again.imported) == ([(1, "external_id", "UNIQUE")], 1)


def test_a_row_that_was_bad_does_not_take_the_key_from_the_good_one(shop):
    run = bring(row(1, lines=[]), row(1), mode=ImportRun.Mode.GOOD_ROWS)
    assert (problems_of(run), run.imported) == ([(1, "lines", "REQUIRED")], 1)


def test_an_open_order_is_confirmed_and_one_beyond_the_credit_is_told(shop):
    with unit_of_work():
        role = shop.customer.roles.get()
        role.credit_limit = D("200")
        role.save()
    with importer():
        run = bring(row(1), open_row(2, freight="0"), open_row(3, freight="0"), mode=ImportRun.Mode.GOOD_ROWS)
    assert (problems_of(run), run.imported, run.held) == ([(3, "state", "LIMIT")], 2, [])
    states = SalesOrder.objects.order_by("external_id").values_list("external_id", "state", "history", "origin")
    assert list(states) == [("1", "closed", True, "import"), ("2", "confirmed", False, "import")]


def importer(**values):
    """Act as somebody who may just import orders, and see what the rows name."""
    return acting(Actor(kind="member", name="ida", grants=dict.fromkeys(IMPORTER, EVERYTHING), **values))


IMPORT = """mutation ($input: ImportRunCreateInput!) { importRunCreate(input: $input) {
    node { total imported problems held } userErrors { field code } } }"""


def test_orders_are_imported_through_the_api_with_just_the_right_to(shop, as_member):
    given = {"importer": "sales_orders", "format": "JSON", "mode": "GOOD_ROWS", "data": json.dumps([row(1), row(2, party="X")])}
    as_member(*(right for right in IMPORTER if right != "orders.sales_order_import"))
    body = ask(IMPORT, input=given)
    assert body["errors"][0]["extensions"] == {"code": "FORBIDDEN", "permission": "orders.sales_order_import"}
    as_member(*IMPORTER, "exchange.import_run_view", name="ida")
    body = ask(IMPORT, input=given)
    payload = body["data"]["importRunCreate"]
    assert payload["userErrors"] == []
    node = payload["node"]
    assert (node["total"], node["imported"], node["held"]) == (2, 1, [])
    assert [(p["row"], p["field"], p["code"]) for p in node["problems"]] == [(2, "party", "NOT_FOUND")]
    assert ask('mutation { salesOrderImport(input: {company: "x"}) { node { id } } }')["errors"]


def test_who_imports_for_one_company_does_not_import_for_another(shop):
    other = make_company("OTHER")
    reach = Reach(companies=frozenset({other.pk}))
    grants = dict.fromkeys(IMPORTER, EVERYTHING) | {"orders.sales_order_import": reach}
    with acting(Actor(kind="member", name="ida", grants=grants)), pytest.raises(Forbidden) as refusal:
        bring(row(1))
    assert refusal.value.permission == "orders.sales_order_import"
    assert not SalesOrder.objects.exists()


def test_what_one_may_not_see_is_not_there_for_an_import(shop, as_member):
    as_member(*(right for right in IMPORTER if right != "base.party_view"))
    assert problems_of(bring(row(1))) == [(1, "party", "NOT_FOUND")]
    assert Party.objects.filter(code="ALFKI").exists()
    assert Item.objects.filter(code="TEA").exists()
