"""An order takes effect once, is changed by revisions, and ends by what was done of it."""

from datetime import date
from decimal import Decimal

import pytest
from tessera.api import Refused, content_hash
from tessera.lineage.models import DocumentRevision, LineLink
from tessera.outbox.models import OutboxEvent
from tessera.unit_of_work import unit_of_work

from modules.base.api import LineKind
from modules.erp.orders.models import SalesOrder, SalesOrderLine
from modules.erp.orders.selectors import backordered_quantities, percents_delivered, percents_invoiced, short_close_preview
from modules.erp.orders.services import (
    SalesOrderLineInput,
    cancel_sales_order,
    close_sales_order,
    confirm_sales_order,
    import_sales_order,
    settle_sales_order,
    short_close_sales_order,
    update_sales_order,
)
from modules.erp.orders.tests.factories import deliver, invoice, make_shop

D = Decimal


def problem_of(refusal) -> tuple:
    found = refusal.value.problems[0]
    return found.code, found.field


def told(demands) -> list:
    """Return what hooks were told, as (event, {list name: [(line, quantity)]})."""
    return [
        (fact.name.partition(".")[2], {name: [(d.line, d.base_quantity) for d in given] for name, given in live.items()})
        for fact, live in demands
    ]


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


def test_percents_are_null_where_nobody_tracks(orders):
    order = make_shop().confirmed()
    assert (percents_delivered(ids=[order.pk]), percents_invoiced(ids=[order.pk])) == ({order.pk: None}, {order.pk: None})
    assert close_sales_order(order=order).state == "closed"


def test_percents_follow_the_links(orders, stock, finance):
    shop = make_shop()
    order = shop.confirmed(
        SalesOrderLineInput(item=shop.tea, quantity=D(10)),
        SalesOrderLineInput(kind=LineKind.CHARGE, description="Freight", unit_price=D(20)),
    )
    tea, freight = order.sealed_lines()
    stock[tea.pk] = D(2)
    deliver(tea, 3)
    assert percents_delivered(ids=[order.pk]) == {order.pk: D("30.00")}
    assert percents_invoiced(ids=[order.pk]) == {order.pk: 0}
    assert backordered_quantities(ids=[tea.pk, freight.pk]) == {tea.pk: 5, freight.pk: None}
    invoice(tea, 3)
    invoice(freight, 1)
    assert percents_invoiced(ids=[order.pk]) == {order.pk: D("37.00")}


def test_an_almost_complete_order_is_not_a_hundred_percent(orders, stock):
    shop = make_shop()
    order = shop.confirmed(SalesOrderLineInput(item=shop.tea, quantity=D(100000)))
    deliver(order.lines.get(), 99999)
    assert percents_delivered(ids=[order.pk]) == {order.pk: D("99.99")}


def test_a_line_within_its_tolerance_counts_as_delivered(orders, stock):
    shop = make_shop()
    order = shop.confirmed(SalesOrderLineInput(item=shop.tea, quantity=D(10), under_tolerance=D("0.1")))
    deliver(order.lines.get(), 9)
    assert percents_delivered(ids=[order.pk]) == {order.pk: 100}


def test_delivered_is_told_once_and_closed_when_invoiced_too(orders, stock, finance):
    order = make_shop().confirmed()
    line = order.lines.get()
    deliver(line, 4)
    assert settle_sales_order(order=order).delivered_at is None
    deliver(line, 6)
    for _ in range(2):
        assert settle_sales_order(order=order).state == "confirmed"
    assert OutboxEvent.objects.filter(name="orders.sales_order_delivered").count() == 1
    invoice(line, 10)
    for _ in range(2):
        assert settle_sales_order(order=order).state == "closed"
    assert OutboxEvent.objects.filter(name="orders.sales_order_closed").count() == 1


def test_without_finance_an_order_closes_when_it_is_delivered(orders, stock):
    order = make_shop().confirmed()
    deliver(order.lines.get(), 10)
    assert settle_sales_order(order=order).state == "closed"


def test_only_what_is_complete_is_closed_by_hand(orders, stock):
    order = make_shop().confirmed()
    with pytest.raises(Refused) as refusal:
        close_sales_order(order=order)
    assert problem_of(refusal) == ("STATE", ("state",))


def test_a_short_close_shows_its_list_and_cancels_the_rest(orders, stock, finance, demands):
    shop = make_shop()
    order = shop.confirmed(
        SalesOrderLineInput(item=shop.tea, quantity=D(10)),
        SalesOrderLineInput(item=shop.coffee, quantity=D(3)),
        SalesOrderLineInput(kind=LineKind.CHARGE, description="Freight", unit_price=D(20)),
    )
    tea, coffee, _freight = order.sealed_lines()
    stock[tea.pk], stock[coffee.pk] = D(6), D(1)
    deliver(tea, 4)
    invoice(tea, 1)
    preview = short_close_preview(order=order)
    assert [(line.cancelled, line.released, line.cancelled_net, line.to_invoice) for line in preview.lines] == [
        (6, 6, D("108.00"), D("54.00")),
        (3, 1, D("138.00"), 0),
        (0, 0, 0, D("20.00")),
    ]
    assert (preview.cancelled_net, preview.to_invoice, preview.to_credit, preview.advance) == (D("246.00"), D("74.00"), 0, 0)
    demands.clear()
    short = short_close_sales_order(order=order, reason="no more tea")
    assert (short.state, short.reason) == ("confirmed", "no more tea")
    assert told(demands) == [("sales_order_short_closed", {"demands": [(tea.pk, 6), (coffee.pk, 3)]})]
    assert percents_delivered(ids=[order.pk]) == {order.pk: 100}
    with pytest.raises(Refused) as refusal:
        short_close_sales_order(order=order)
    assert problem_of(refusal) == ("STATE", ("state",))
    assert content_hash(short) == short.content_hash
    invoice(tea, 3)
    invoice(_freight, 1)
    assert settle_sales_order(order=order).state == "closed"


def test_a_short_close_before_any_delivery_ends_the_order(orders, stock, finance):
    shop = make_shop()
    order = shop.confirmed(
        SalesOrderLineInput(item=shop.tea, quantity=D(10)),
        SalesOrderLineInput(kind=LineKind.CHARGE, description="Freight", unit_price=D(20)),
    )
    assert short_close_sales_order(order=order).state == "closed"
    assert not OutboxEvent.objects.filter(name="orders.sales_order_delivered").exists()


def test_the_advance_is_shown_before_a_short_close(orders, stock, finance):
    from tessera.api import link_documents

    from modules.erp.orders.tests.factories import Made

    order = make_shop().confirmed()
    with unit_of_work():
        link_documents(
            source_kind="orders.SalesOrder", source=order.pk, target=Made("finance.Payment"), type="advances", amount=D(50)
        )
    assert short_close_preview(order=order).advance == D("50")


def test_a_short_close_needs_somebody_who_knows_what_was_done(orders):
    order = make_shop().confirmed()
    for call in (short_close_preview, short_close_sales_order):
        with pytest.raises(Refused) as refusal:
            call(order=order)
        assert problem_of(refusal) == ("STATE", ("state",))


def test_an_order_is_cancelled_only_while_nothing_is_done(orders, stock, demands):
    shop = make_shop()
    assert cancel_sales_order(order=shop.order()).state == "cancelled"
    assert demands == []
    order = shop.confirmed()
    line = order.lines.get()
    demands.clear()
    assert cancel_sales_order(order=order, reason="mistake").state == "cancelled"
    assert told(demands) == [("sales_order_cancelled", {"demands": [(line.pk, 10)]})]
    other = shop.confirmed()
    deliver(other.lines.get(), 1)
    with pytest.raises(Refused) as refusal:
        cancel_sales_order(order=other)
    assert problem_of(refusal) == ("STATE", ("state",))
    assert SalesOrder.objects.get(pk=other.pk).state == "confirmed"


def test_a_price_edit_of_an_approved_order_is_its_next_revision(orders, demands, acts):
    shop = make_shop(order_limit=D("180"))
    order = shop.confirmed()
    line = order.lines.get()
    demands.clear()
    cheaper = [SalesOrderLineInput(line=line, unit_price=D("17"))]
    dearer = [SalesOrderLineInput(line=line, unit_price=D("19"))]
    with acts("orders.sales_order_update"):
        changed = update_sales_order(order=order, lines=cheaper)
        assert (changed.revision, changed.gross_total, changed.number) == (2, D("170.00"), order.number)
        with pytest.raises(Refused) as refusal:
            update_sales_order(order=order, lines=dearer)
        assert problem_of(refusal) == ("LIMIT", ("state",))
    assert SalesOrderLine.objects.get().unit_price == 17
    assert told(demands) == [("sales_order_amended", {"removed": [], "demands": [(line.pk, 10)]})]
    assert list(DocumentRevision.objects.filter(document=order.pk).values_list("revision", flat=True).order_by("revision")) == [
        1,
        2,
    ]


def test_a_price_edit_of_a_half_delivered_order_holds_for_the_rest(orders, stock, finance, demands):
    shop = make_shop()
    order = shop.confirmed(SalesOrderLineInput(item=shop.tea, quantity=D(10), discount=D("0.1")))
    line = order.lines.get()
    deliver(line, 4)
    demands.clear()
    changed = update_sales_order(order=order, lines=[SalesOrderLineInput(line=line, quantity=D(12), unit_price=D(20))])
    old, rest = changed.sealed_lines()
    assert (old.pk, old.quantity, old.base_quantity, old.unit_price, old.net) == (line.pk, 4, 4, 18, D("64.80"))
    assert (rest.quantity, rest.base_quantity, rest.unit_price, rest.discount, rest.net) == (8, 8, 20, D("0.1"), D("144.00"))
    assert (changed.revision, changed.gross_total) == (2, D("208.80"))
    assert told(demands) == [("sales_order_amended", {"removed": [], "demands": [(line.pk, 4), (rest.pk, 8)]})]
    link = LineLink.objects.get(type="replaces")
    assert (link.source_line, link.target_line, link.base_quantity) == (line.pk, rest.pk, 8)


def test_below_what_is_delivered_a_line_is_not_reduced(orders, stock, demands):
    shop = make_shop()
    order = shop.confirmed()
    line = order.lines.get()
    deliver(line, 4)
    for lines, problem in (
        ([SalesOrderLineInput(line=line, quantity=D(3))], ("LIMIT", ("lines", "0", "quantity"))),
        ([SalesOrderLineInput(line=line, item=shop.coffee)], ("STATE", ("lines", "0", "item"))),
        ([SalesOrderLineInput(line=line, quantity=D(4), unit_price=D(1))], ("STATE", ("lines", "0", "unit_price"))),
        ([SalesOrderLineInput(item=shop.coffee)], ("LIMIT", ("lines",))),
        ([], ("REQUIRED", ("lines",))),
    ):
        with pytest.raises(Refused) as refusal:
            update_sales_order(order=order, lines=lines)
        assert problem_of(refusal) == problem
    demands.clear()
    assert update_sales_order(order=order, lines=[SalesOrderLineInput(line=line, quantity=D(4))]).net_total == D("72.00")
    assert told(demands) == [("sales_order_amended", {"removed": [], "demands": [(line.pk, 4)]})]


def test_lines_come_and_go_while_nothing_is_done(orders, stock, demands):
    shop = make_shop()
    order = shop.confirmed()
    tea = order.lines.get()
    demands.clear()
    changed = update_sales_order(order=order, lines=[SalesOrderLineInput(item=shop.coffee, quantity=D(2))])
    coffee = changed.lines.get()
    assert told(demands) == [("sales_order_amended", {"removed": [(tea.pk, 10)], "demands": [(coffee.pk, 2)]})]


def test_a_line_of_another_order_is_not_taken(orders):
    shop = make_shop()
    mine, other = shop.order(), shop.order()
    with pytest.raises(Refused) as refusal:
        update_sales_order(order=mine, lines=[SalesOrderLineInput(line=other.lines.get())])
    assert problem_of(refusal) == ("NOT_FOUND", ("lines", "0", "line"))


def test_an_edit_that_changes_nothing_makes_no_revision(orders, demands):
    order = make_shop().confirmed()
    demands.clear()
    same = update_sales_order(order=order, lines=[SalesOrderLineInput(line=order.lines.get())], note="by phone")
    assert (same.revision, same.note, demands) == (1, "by phone", [])


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
