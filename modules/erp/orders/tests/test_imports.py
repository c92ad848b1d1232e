"""Orders come in from another system past no gate, and count for whoever their customer has become."""

import json
from decimal import Decimal as D

import pytest
from tessera.api import Refused
from tessera.exchange.services import import_rows
from tessera.lineage.models import TransitionHold

from modules.base.services import merge_party
from modules.base.tests.factories import make_customer
from modules.erp.orders.models import SalesOrder
from modules.erp.orders.services import confirm_sales_order, create_sales_order
from modules.erp.orders.services.limits import exposure
from modules.erp.orders.services.lines import SalesOrderLineInput
from modules.erp.orders.tests.factories import make_shop


def come_in(shop, *numbers: str):
    rows = [
        {
            "company": shop.company.code,
            "external_id": number,
            "party": shop.customer.code,
            "document_date": "2026-03-01",
            "lines": [{"item": "TEA", "quantity": "10", "unit_price": "18.00"}],
        }
        for number in numbers
    ]
    return import_rows(importer="sales_orders", data=json.dumps(rows), format="json")


def test_an_imported_order_that_needs_approval_waits_as_a_draft(orders, process):
    run = come_in(make_shop(), "1", "2")
    assert (run.imported, run.problems) == (2, [])
    assert sorted(SalesOrder.objects.values_list("external_id", "state")) == [("1", "draft"), ("2", "draft")]
    waiting = TransitionHold.objects.filter(state="waiting", target="confirmed")
    assert set(waiting.values_list("document", flat=True)) == set(SalesOrder.objects.values_list("pk", flat=True))


def test_an_imported_order_is_confirmed_where_nothing_holds_it(orders):
    assert come_in(make_shop(), "1").imported == 1
    assert SalesOrder.objects.get().state == "confirmed"


def test_what_a_merged_customer_ordered_counts_against_the_credit_of_the_one_it_became(orders, acts):
    shop = make_shop(credit_limit="300")
    double = make_customer(shop.company, "Alfred's", credit_limit=D("1000"))
    lines = [SalesOrderLineInput(item=shop.tea, quantity=D(10))]
    confirm_sales_order(order=create_sales_order(company=shop.company, party=double, lines=lines))
    late = create_sales_order(company=shop.company, party=double, lines=lines)
    merge_party(party=double, into=shop.customer)
    assert [exposure(party.pk, shop.company.pk) for party in (shop.customer, double)] == [D("180.00")] * 2
    with acts("orders.sales_order_confirm"), pytest.raises(Refused) as refusal:
        confirm_sales_order(order=late)
    assert refusal.value.problems[0].code == "LIMIT"
