"""Receipts, deliveries, transfers and counts, from draft to done, and what they refuse."""

from datetime import date
from decimal import Decimal

import pytest
from django.apps import apps
from django.db import connections
from django.db.utils import DatabaseError
from tessera.api import Forbidden, Refused, during
from tessera.lineage.models import LineLink
from tessera.outbox.models import OutboxEvent
from tessera.unit_of_work import unit_of_work

from modules.base.api import is_period_open
from modules.base.tests.factories import make_company, make_customer, make_item, make_supplier, make_unit
from modules.scm.stock.models import (
    Delivery,
    Location,
    LocationKind,
    StockBalance,
    StockDemand,
    StockMove,
    StockPolicy,
    Transfer,
)
from modules.scm.stock.selectors import goods_shipped, stock_on_hand, stock_value
from modules.scm.stock.services import (
    DeliveryLineInput,
    DropShipLineInput,
    ReceiptLineInput,
    ReturnLineInput,
    TransferLineInput,
    cancel_delivery,
    complete_delivery,
    complete_receipt,
    complete_transfer,
    count_stock,
    create_delivery_for,
    create_drop_shipment,
    create_location,
    create_receipt,
    create_transfer,
    ready_delivery,
    ready_receipt,
    ready_transfer,
    return_from_customer,
    setup_company,
)
from modules.scm.stock.tests.factories import (
    ORDER_LINE,
    broken,
    confirm,
    on_hand,
    place,
    pool_of,
    put,
    receive,
    reserved,
    ship,
)

TOLD: list = []


@during("stock.moves_done")
def remember(fact, *, moves):
    TOLD.append((fact, moves))


@pytest.fixture
def told():
    """What hooks were told of moves during the test."""
    TOLD.clear()
    return TOLD


@pytest.fixture
def shop(inside):
    """A company with ten teas, a customer and a supplier."""
    company = make_company()
    tea = make_item()
    put(company, tea, "10", "50.00")
    return type("Shop", (), {"company": company, "tea": tea, "bob": make_customer(company), "sam": make_supplier(company)})


def code_of(refusal) -> tuple:
    return refusal.value.problems[0].code, refusal.value.problems[0].field


def test_a_company_starts_with_a_warehouse_and_the_places_outside(inside):
    company = make_company()
    kinds = sorted(Location.objects.filter(company=company).values_list("kind", flat=True))
    assert kinds == ["customer", "hold", "loss", "opening", "production", "scrap", "storage", "supplier", "transit"]
    policy = setup_company(company=company)
    assert StockPolicy.objects.get(company=company) == policy
    assert Location.objects.filter(company=company).count() == 9


def test_partial_deliveries_link_to_the_order_line_until_it_is_whole(shop, told):
    order = confirm(shop.company, shop.bob, [(shop.tea, "8")])
    told.clear()
    first = ship(order.document, [DeliveryLineInput(line=order.demands[0].line, quantity=Decimal(3))])
    second = ship(order.document)
    year = first.document_date.year
    assert [first.number, second.number] == [f"DN-{year}-00001", f"DN-{year}-00002"]
    links = LineLink.objects.filter(source_line=order.demands[0].line, type="fulfils").order_by("recorded_at")
    assert [(link.source_kind, link.target_document, link.base_quantity) for link in links] == [
        (ORDER_LINE, first.pk, 3),
        (ORDER_LINE, second.pk, 5),
    ]
    assert StockDemand.objects.get(document=order.document).fulfilled == 8
    (fact, moves), _ = told
    assert (fact.document_kind, fact.number, fact.subject) == ("stock.Delivery", first.number, first.pk)
    (move,) = moves
    assert (move.source_kind, move.target_kind, move.base_quantity, move.value) == ("storage", "customer", 3, 15)
    assert (move.demand_document, move.demand_line, move.party) == (order.document, order.demands[0].line, shop.bob.pk)
    event = OutboxEvent.objects.get(name="stock.delivery_done", subject=second.pk)
    assert event.data["documents"] == [str(order.document)]
    with pytest.raises(Refused) as refusal:
        create_delivery_for(document=order.document)
    assert code_of(refusal) == ("NOTHING_RESERVED", ("document",))
    assert broken() == []


def test_two_drafts_do_not_plan_the_same_goods(shop):
    order = confirm(shop.company, shop.bob, [(shop.tea, "8")])
    first = create_delivery_for(
        document=order.document, lines=[DeliveryLineInput(line=order.demands[0].line, quantity=Decimal(6))]
    )
    second = create_delivery_for(document=order.document)
    assert [d.lines.get().base_quantity for d in (first, second)] == [6, 2]
    with pytest.raises(Refused) as refusal:
        create_delivery_for(document=order.document, lines=[DeliveryLineInput(line=order.demands[0].line, quantity=Decimal(1))])
    assert code_of(refusal) == ("LIMIT", ("lines", "0", "quantity"))
    cancel_delivery(delivery=first, reason="wrong lorry")
    assert create_delivery_for(document=order.document).lines.get().base_quantity == 6
    assert reserved(order.rows[0]) == 8


def test_over_delivery_stays_within_the_tolerance_of_the_line(shop):
    order = confirm(shop.company, shop.bob, [(shop.tea, "5")], over_tolerance=Decimal("0.2"))
    line = order.demands[0].line
    with pytest.raises(Refused) as refusal:
        create_delivery_for(document=order.document, lines=[DeliveryLineInput(line=line, quantity=Decimal(7))])
    assert code_of(refusal) == ("LIMIT", ("lines", "0", "quantity"))
    ship(order.document, [DeliveryLineInput(line=line, quantity=Decimal(6))])
    assert (on_hand(shop.company, shop.tea), reserved(order.rows[0])) == (4, 0)
    assert broken() == []


def test_a_delivery_within_the_under_tolerance_closes_the_line_and_frees_the_rest(shop):
    order = confirm(shop.company, shop.bob, [(shop.tea, "10")], under_tolerance=Decimal("0.1"))
    ship(order.document, [DeliveryLineInput(line=order.demands[0].line, quantity=Decimal(9))])
    row = StockDemand.objects.get(document=order.document)
    assert (row.open_quantity, reserved(row), on_hand(shop.company, shop.tea)) == (0, 0, 1)
    assert broken() == []


def test_what_is_not_there_cannot_be_shipped_and_nothing_is_half_done(shop):
    order = confirm(shop.company, shop.bob, [(shop.tea, "4"), (shop.tea, "20")])
    lines = [DeliveryLineInput(line=d.line, quantity=d.base_quantity) for d in order.demands]
    delivery = ready_delivery(delivery=create_delivery_for(document=order.document, lines=lines))
    with pytest.raises(Refused) as refusal:
        complete_delivery(delivery=delivery)
    assert code_of(refusal)[0] == "INSUFFICIENT"
    assert Delivery.objects.get(pk=delivery.pk).state == "ready"
    assert [reserved(row) for row in order.rows] == [4, 6]
    assert not LineLink.objects.exists()
    assert StockMove.objects.count() == 1


def test_a_delivery_is_done_once(shop):
    order = confirm(shop.company, shop.bob, [(shop.tea, "4")])
    delivery = create_delivery_for(document=order.document)
    with pytest.raises(Refused) as refusal:
        complete_delivery(delivery=delivery)
    assert code_of(refusal) == ("STATE", ("state",))
    done = complete_delivery(delivery=ready_delivery(delivery=delivery))
    for again in (complete_delivery, cancel_delivery, ready_delivery):
        with pytest.raises(Refused) as refusal:
            again(delivery=done)
        assert code_of(refusal) == ("STATE", ("state",))
    assert StockMove.objects.filter(document=done.pk).count() == 1


def test_a_drop_ship_line_moves_from_supplier_to_customer_without_a_warehouse(shop, told):
    order = confirm(shop.company, shop.bob, [(shop.tea, "3")], drop_ship=True)
    assert reserved(order.rows[0]) == 0
    with pytest.raises(Refused) as refusal:
        create_delivery_for(document=order.document)
    assert code_of(refusal) == ("NOT_FOUND", ("document",))
    line = DropShipLineInput(line=order.demands[0].line, unit_cost=Decimal("4.10"))
    draft = create_drop_shipment(document=order.document, lines=[line], supplier=shop.sam)
    told.clear()
    delivery = complete_delivery(delivery=ready_delivery(delivery=draft))
    ((_, (move,)),) = told
    assert (move.source_kind, move.target_kind, move.value) == ("supplier", "customer", Decimal("12.30"))
    assert (move.warehouse, move.receipt_line, move.demand_line) == (None, delivery.lines.get().pk, order.demands[0].line)
    assert pool_of(shop.company, shop.tea) == (10, 50)
    back = ReturnLineInput(line=delivery.lines.get(), quantity=Decimal(3))
    return_from_customer(delivery=delivery, lines=[back])
    assert pool_of(shop.company, shop.tea) == (13, Decimal("62.30"))
    assert broken() == []


def test_a_return_tells_which_move_and_line_it_takes_back(shop, told):
    order = confirm(shop.company, shop.bob, [(shop.tea, "4")])
    delivery = ship(order.document)
    told.clear()
    receipt = return_from_customer(
        delivery=delivery, lines=[ReturnLineInput(line=delivery.lines.get(), quantity=Decimal(1))], reason="broken"
    )
    assert (receipt.kind, receipt.state, receipt.number[:3]) == ("return", "done", "GR-")
    ((_fact, (move,)),) = told
    assert (move.source_kind, move.target_kind, move.value) == ("customer", "hold", 5)
    assert move.returns == StockMove.objects.get(document=delivery.pk).pk
    assert (move.demand_line, move.party) == (order.demands[0].line, shop.bob.pk)
    link = LineLink.objects.get(type="returns")
    assert (link.source_line, link.target_line, link.base_quantity) == (delivery.lines.get().pk, receipt.lines.get().pk, 1)
    shipped = goods_shipped(document=order.document)
    assert [(row.quantity, row.value) for row in shipped] == [(4, 20), (-1, -5)]
    assert StockDemand.objects.get(document=order.document).fulfilled == 4


def test_a_transfer_is_two_moves_through_transit_and_changes_no_value(shop, told):
    second = create_location(warehouse=place(shop.company).warehouse, code="SHELF", name="Shelf")
    told.clear()
    transfer = create_transfer(
        company=shop.company,
        source=place(shop.company),
        target=second,
        lines=[TransferLineInput(item=shop.tea, quantity=Decimal(4))],
    )
    transfer = complete_transfer(transfer=ready_transfer(transfer=transfer))
    moves = StockMove.objects.filter(document=transfer.pk).order_by("id")
    assert [(m.source.kind, m.target.kind, m.value) for m in moves] == [("storage", "transit", 0), ("transit", "storage", 0)]
    assert StockBalance.objects.get(location=second).on_hand == 4
    assert on_hand(shop.company, shop.tea, LocationKind.TRANSIT) == 0
    assert pool_of(shop.company, shop.tea) == (10, 50)
    assert len(told) == 1
    assert broken() == []


def test_goods_that_never_came_in_do_not_leave_as_nothing_tells_their_cost(shop):
    counter = create_location(warehouse=place(shop.company).warehouse, code="COUNTER", name="Counter", allow_negative=True)
    jam = make_item("JAM")
    order = confirm(shop.company, shop.bob, [(jam, "1")])
    with pytest.raises(Refused) as refusal:
        ship(order.document, [DeliveryLineInput(line=order.demands[0].line, quantity=Decimal(1), location=counter)])
    assert code_of(refusal) == ("INSUFFICIENT", ("lines", "0", "quantity"))


def test_stock_has_its_own_lock_date_where_nobody_keeps_books(shop, monkeypatch):
    monkeypatch.setattr(is_period_open, "answered_by", None)
    with unit_of_work():
        policy = StockPolicy.objects.get(company=shop.company)
        policy.locked_until = date(2026, 3, 31)
        policy.save()
    order = confirm(shop.company, shop.bob, [(shop.tea, "4")])
    with pytest.raises(Refused) as refusal:
        ship(order.document, posting_date=date(2026, 3, 31))
    assert code_of(refusal) == ("CLOSED_PERIOD", ("posting_date",))
    with pytest.raises(Refused) as refusal:
        receive(shop.company, shop.sam, [(shop.tea, "1", "1")], posting_date=date(2026, 3, 1))
    assert code_of(refusal) == ("CLOSED_PERIOD", ("posting_date",))
    assert StockMove.objects.count() == 1
    receive(shop.company, shop.sam, [(shop.tea, "1", "1")], posting_date=date(2026, 4, 1))
    assert StockMove.objects.filter(posting_date=date(2026, 4, 1)).count() == 1


def test_the_books_decide_where_they_are_kept(shop, monkeypatch):
    monkeypatch.setattr(is_period_open, "owner", "stock")
    monkeypatch.setattr(is_period_open, "answered_by", lambda *, company, on, area: area == "stock" and on.month != 3)
    with pytest.raises(Refused) as refusal:
        count_stock(location=place(shop.company), item=shop.tea, counted=Decimal(9), posting_date=date(2026, 3, 5))
    assert code_of(refusal) == ("CLOSED_PERIOD", ("posting_date",))
    count_stock(location=place(shop.company), item=shop.tea, counted=Decimal(9), posting_date=date(2026, 4, 5))
    assert on_hand(shop.company, shop.tea) == 9


@pytest.mark.parametrize("table", ["stock_stockmove", "stock_layeruse", "stock_valueadjustment", "stock_valueadjustmentpart"])
@pytest.mark.parametrize("change", ["UPDATE {table} SET id = id", "DELETE FROM {table}", "TRUNCATE {table} CASCADE"])
def test_what_was_posted_is_never_changed(inside, table, change):
    from modules.base.api import Item
    from modules.scm.stock.services import adjust_value

    company = make_company()
    bob, sam, tea = make_customer(company), make_supplier(company), make_item(cost_method=Item.CostMethod.FIFO)
    receipt = receive(company, sam, [(tea, "3", "1.00")])
    ship(confirm(company, bob, [(tea, "1")]).document)
    adjust_value(receipt=receipt, amount=Decimal(1), reason="duty")
    with pytest.raises(DatabaseError, match=r"append-only|permission denied"), unit_of_work():
        connections["default"].cursor().execute(change.format(table=table))


BAD_LINES = [
    ({"quantity": Decimal(0)}, ("INVALID", ("lines", "0", "quantity"))),
    ({"quantity": Decimal("-1")}, ("INVALID", ("lines", "0", "quantity"))),
    ({"quantity": Decimal("NaN")}, ("INVALID", ("lines", "0", "quantity"))),
    ({"quantity": Decimal("0.4")}, ("INVALID", ("lines", "0", "quantity"))),
    ({"unit_cost": Decimal("-0.01")}, ("INVALID", ("lines", "0", "unit_cost"))),
    ({"unit_cost": Decimal("NaN")}, ("INVALID", ("lines", "0", "unit_cost"))),
]


@pytest.mark.parametrize(("bad", "expected"), BAD_LINES)
def test_a_bad_receipt_line_is_refused_by_field(shop, bad, expected):
    values = {"item": shop.tea, "quantity": Decimal(1), "unit_cost": Decimal(1)} | bad
    with pytest.raises(Refused) as refusal:
        create_receipt(company=shop.company, party=shop.sam, lines=[ReceiptLineInput(**values)])
    assert code_of(refusal) == expected


def test_a_receipt_refuses_services_foreign_places_and_no_lines(shop):
    other = make_company("OTHER")
    advice = make_item("ADVICE", kind="service")
    one = {"quantity": Decimal(1), "unit_cost": Decimal(1)}
    cases = [
        ([], ("REQUIRED", ("lines",))),
        ([ReceiptLineInput(item=advice, **one)], ("INVALID", ("lines", "0", "item"))),
        ([ReceiptLineInput(item=shop.tea, location=place(other), **one)], ("INVALID", ("lines", "0", "location"))),
    ]
    for lines, expected in cases:
        with pytest.raises(Refused) as refusal:
            create_receipt(company=shop.company, party=shop.sam, lines=lines)
        assert code_of(refusal) == expected
    with pytest.raises(Refused) as refusal:
        create_receipt(company=shop.company, lines=[ReceiptLineInput(item=shop.tea, **one)], warehouse=place(other).warehouse)
    assert code_of(refusal) == ("INVALID", ("warehouse",))


def test_a_receipt_in_dozens_lies_there_in_pieces(shop):
    dozen = make_unit("dz")
    with unit_of_work():
        apps.get_model("base", "UnitConversion")(source=dozen, target=shop.tea.unit, numerator=12).save()
    line = ReceiptLineInput(item=shop.tea, quantity=Decimal(2), unit=dozen, unit_cost=Decimal("30.00"))
    complete_receipt(receipt=ready_receipt(receipt=create_receipt(company=shop.company, party=shop.sam, lines=[line])))
    move = StockMove.objects.order_by("id").last()
    assert (move.quantity, move.unit, move.base_quantity, move.value) == (2, dozen, 24, 60)
    assert pool_of(shop.company, shop.tea) == (34, 110)


def test_without_the_right_nothing_moves(shop, as_member):
    order = confirm(shop.company, shop.bob, [(shop.tea, "4")])
    delivery = ready_delivery(delivery=create_delivery_for(document=order.document))
    as_member("stock.delivery_create", "stock.delivery_update")
    with pytest.raises(Forbidden) as refusal:
        complete_delivery(delivery=delivery)
    assert refusal.value.permission == "stock.delivery_complete"
    assert StockMove.objects.count() == 1


def test_reports_tell_what_lies_there_and_what_it_is_worth(shop):
    confirm(shop.company, shop.bob, [(shop.tea, "4")])
    (row,) = stock_on_hand(company=shop.company)
    assert (row.code, row.on_hand, row.reserved, row.on_hold, row.available) == ("TEA", 10, 4, 0, 6)
    (worth,) = stock_value(company=shop.company)
    assert (worth.code, worth.quantity, worth.value) == ("TEA", 10, 50)


def test_a_transfer_to_where_it_starts_is_refused(shop):
    with pytest.raises(Refused) as refusal:
        create_transfer(
            company=shop.company,
            source=place(shop.company),
            target=place(shop.company),
            lines=[TransferLineInput(item=shop.tea, quantity=Decimal(1))],
        )
    assert code_of(refusal) == ("INVALID", ("target",))
    assert not Transfer.objects.exists()
