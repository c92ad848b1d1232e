"""An order takes effect once, within its limits; history comes in as it was."""

from datetime import date
from decimal import Decimal

import pytest
from tessera.api import Refused
from tessera.lineage.models import DocumentRevision
from tessera.outbox.models import OutboxEvent
from tessera.unit_of_work import unit_of_work

from modules.base.api import LineKind
from modules.erp.orders.models import SalesOrder
from modules.erp.orders.selectors import percents_delivered
from modules.erp.orders.services import (
    SalesOrderLineInput,
    confirm_sales_order,
    import_sales_order,
)
from modules.erp.orders.tests.factories import invoice, make_shop, problem_of, told

D = Decimal


def test_a_confirmed_order_has_a_number_a_revision_and_its_demands(orders, demands):
    shop = make_shop()
    order = shop.confirmed(
        SalesOrderLineInput(item=shop.tea, quantity=D(10)),
        SalesOrderLineInput(kind=LineKind.CHARGE, description="Freight", unit_price=D(5)),
        document_date=date(2026, 3, 1),
    )
    assert (order.state, order.number, order.revision) == ("confirmed", "SO-2026-00001", 1)
    tea = order.lines.get(position=1)
    assert told(demands) == [("sales_order_confirmed", {"demands": [(tea.pk, 10)]})]
    assert DocumentRevision.objects.get(document=order.pk).content_hash == order.content_hash
    fact = OutboxEvent.objects.get(name="orders.sales_order_confirmed")
    assert fact.data == {"company": str(shop.company.pk), "party": str(shop.customer.pk), "number": "SO-2026-00001"}


def test_numbers_follow_without_a_gap(orders):
    shop = make_shop()
    first = shop.confirmed(document_date=date(2026, 3, 1))
    with pytest.raises(Refused):
        confirm_sales_order(order=first)
    assert shop.confirmed(document_date=date(2026, 3, 1)).number == "SO-2026-00002"


def test_an_order_beyond_the_amount_limit_needs_the_right(orders, acts):
    shop = make_shop(order_limit=D("179.99"))
    order = shop.order()
    with acts("orders.sales_order_confirm"):
        with pytest.raises(Refused) as refusal:
            confirm_sales_order(order=order)
        assert problem_of(refusal) == ("LIMIT", ("state",))
    with acts("orders.sales_order_confirm", "orders.sales_order_over_limit"):
        assert confirm_sales_order(order=order).state == "confirmed"


def test_two_limits_need_two_rights(orders, acts):
    shop = make_shop(order_limit=D("100"), credit_limit="100")
    order = shop.order()
    for rights in (["orders.sales_order_over_limit"], ["orders.sales_order_over_credit"]):
        with acts("orders.sales_order_confirm", *rights), pytest.raises(Refused) as refusal:
            confirm_sales_order(order=order)
        assert problem_of(refusal) == ("LIMIT", ("state",))
    with acts("orders.sales_order_confirm", "orders.sales_order_over_limit", "orders.sales_order_over_credit"):
        assert confirm_sales_order(order=order).state == "confirmed"


def test_a_discount_that_no_quote_agreed_needs_the_right(orders, acts):
    shop = make_shop(discount_limit=D("0.1"))
    by_hand = shop.order(SalesOrderLineInput(item=shop.tea, discount=D("0.15")))
    from modules.erp.orders.services import QuoteLineInput

    agreed = shop.accepted(QuoteLineInput(item=shop.tea, discount=D("0.15")))
    with acts("orders.sales_order_confirm"):
        with pytest.raises(Refused):
            confirm_sales_order(order=by_hand)
        assert confirm_sales_order(order=agreed).state == "confirmed"


def test_credit_counts_what_is_owed_and_what_is_ordered(orders, finance, acts):
    shop = make_shop(credit_limit="500")
    finance[shop.customer.pk] = D("100")
    shop.confirmed()
    shop.confirmed()
    third = shop.order()
    with acts("orders.sales_order_confirm"), pytest.raises(Refused) as refusal:
        confirm_sales_order(order=third)
    assert problem_of(refusal) == ("LIMIT", ("state",))
    finance[shop.customer.pk] = D("-40")
    with acts("orders.sales_order_confirm"):
        assert confirm_sales_order(order=third).state == "confirmed"


def test_what_is_invoiced_counts_as_owed_not_as_ordered(orders, stock, finance):
    from modules.erp.orders.selectors import unbilled_of

    shop = make_shop()
    order = shop.confirmed()
    assert unbilled_of(party=shop.customer.pk, company=shop.company.pk) == D("180.00")
    invoice(order.lines.get(), 4)
    assert unbilled_of(party=shop.customer.pk, company=shop.company.pk) == D("108.00")


def test_a_blocked_customer_gets_no_order(orders):
    shop = make_shop()
    with unit_of_work():
        role = shop.customer.roles.get()
        role.blocked = True
        role.save()
    with pytest.raises(Refused) as refusal:
        confirm_sales_order(order=shop.order())
    assert problem_of(refusal) == ("STATE", ("party",))


def test_history_is_closed_under_its_own_number_and_tells_nothing(orders, stock, finance):
    shop = make_shop()
    lines = [
        SalesOrderLineInput(item=shop.tea, quantity=D(12), unit_price=D("14.00")),
        SalesOrderLineInput(kind=LineKind.CHARGE, description="Freight", unit_price=D("32.38")),
    ]
    wanted = {
        "company": shop.company,
        "party": shop.customer,
        "number": "10248",
        "external_id": "10248",
        "document_date": date(1996, 7, 4),
        "lines": lines,
    }
    order = import_sales_order(**wanted)
    assert (order.state, order.number, order.history, order.gross_total) == ("closed", "10248", True, D("200.38"))
    assert percents_delivered(ids=[order.pk]) == {order.pk: None}
    assert not OutboxEvent.objects.filter(subject=order.pk).exists()
    with pytest.raises(Refused) as refusal:
        import_sales_order(**wanted)
    assert problem_of(refusal)[0] == "UNIQUE"
    assert SalesOrder.objects.count() == 1
