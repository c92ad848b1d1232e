"""Goods are set aside for orders, and never more than there are."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.db import connections
from django.utils import timezone
from tessera.api import Refused
from tessera.unit_of_work import unit_of_work

from modules.base.api import Item, available_quantity, reserved_quantities
from modules.base.tests.factories import make_company, make_customer, make_item
from modules.scm.stock import handlers
from modules.scm.stock.models import LocationKind, Lot, Reservation
from modules.scm.stock.services import (
    DeliveryLineInput,
    ReceiptLineInput,
    TransferLineInput,
    cancel_receipt,
    complete_receipt,
    complete_transfer,
    create_receipt,
    create_transfer,
    free_expired,
    open_stock,
    peg_demand,
    ready_receipt,
    ready_transfer,
    release_reservation,
    reserve_demand,
)
from modules.scm.stock.tests.factories import (
    broken,
    code_of,
    confirm,
    demand,
    on_hand,
    place,
    pool_of,
    put,
    receive,
    reserved,
    ship,
)


def test_a_confirmed_order_is_reserved_in_line_order_and_the_rest_waits(shop):
    order = confirm(shop.company, shop.bob, [(shop.tea, "7"), (shop.tea, "5"), (shop.tea, "2")])
    assert [reserved(row) for row in order.rows] == [7, 3, 0]
    assert reserved_quantities(lines=[d.line for d in order.demands]) == dict(
        zip([d.line for d in order.demands], [7, 3, 0], strict=True)
    )
    assert available_quantity(item=shop.tea.pk, company=shop.company.pk) == 0
    assert broken() == []


def test_a_receipt_serves_the_oldest_backorder_first(shop):
    first = confirm(shop.company, shop.bob, [(shop.tea, "12")])
    second = confirm(shop.company, shop.bob, [(shop.tea, "4")])
    third = confirm(shop.company, shop.bob, [(shop.tea, "4")])
    receive(shop.company, shop.sam, [(shop.tea, "5", "5.00")])
    assert [reserved(order.rows[0]) for order in (first, second, third)] == [12, 3, 0]
    assert broken() == []


def test_goods_on_hold_are_not_reserved_until_they_are_released(shop):
    order = confirm(shop.company, shop.bob, [(shop.tea, "12")])
    hold, storage = place(shop.company, LocationKind.HOLD), place(shop.company)
    receive_on_hold = create_receipt(
        company=shop.company,
        party=shop.sam,
        lines=[ReceiptLineInput(item=shop.tea, quantity=Decimal(3), unit_cost=Decimal(5), location=hold)],
    )
    complete_receipt(receipt=ready_receipt(receipt=receive_on_hold))
    assert (reserved(order.rows[0]), on_hand(shop.company, shop.tea, LocationKind.HOLD)) == (10, 3)
    transfer = create_transfer(
        company=shop.company, source=hold, target=storage, lines=[TransferLineInput(item=shop.tea, quantity=Decimal(3))]
    )
    complete_transfer(transfer=ready_transfer(transfer=transfer))
    assert reserved(order.rows[0]) == 12
    assert pool_of(shop.company, shop.tea) == (13, 65)
    assert broken() == []


def test_reserved_goods_cannot_be_moved_away(shop):
    confirm(shop.company, shop.bob, [(shop.tea, "8")])
    transfer = create_transfer(
        company=shop.company,
        source=place(shop.company),
        target=place(shop.company, LocationKind.SCRAP),
        lines=[TransferLineInput(item=shop.tea, quantity=Decimal(3))],
    )
    with pytest.raises(Refused) as refusal:
        complete_transfer(transfer=ready_transfer(transfer=transfer))
    assert code_of(refusal) == ("INSUFFICIENT", ("lines", "0", "quantity"))
    assert broken() == []


def test_a_short_close_frees_what_is_reserved_beyond_the_rest(shop):
    order = confirm(shop.company, shop.bob, [(shop.tea, "10")])
    ship(order.document, [DeliveryLineInput(line=order.demands[0].line, quantity=Decimal(4))])
    rest = demand(shop.company, shop.bob, shop.tea, "6", document=order.document)
    object.__setattr__(rest, "line", order.demands[0].line)
    with unit_of_work():
        handlers.shorten_order(None, demands=[rest])
    order.rows[0].refresh_from_db()
    assert (order.rows[0].open_quantity, reserved(order.rows[0])) == (0, 0)
    assert available_quantity(item=shop.tea.pk, company=shop.company.pk) == 6
    with pytest.raises(Refused) as refusal, unit_of_work():
        handlers.shorten_order(None, demands=[rest])
    assert code_of(refusal) == ("LIMIT", ("quantity",))
    assert broken() == []


def test_reserving_by_hand_takes_what_is_free_and_no_more(shop):
    order = confirm(shop.company, shop.bob, [(shop.tea, "15")])
    row = order.rows[0]
    release_reservation(demand=row, quantity=Decimal(4))
    assert reserved(row) == 6
    with pytest.raises(Refused) as refusal:
        reserve_demand(demand=row, quantity=Decimal(5))
    assert code_of(refusal) == ("INSUFFICIENT", ("quantity",))
    assert reserved(row) == 6
    reserve_demand(demand=row, quantity=Decimal(1))
    reserve_demand(demand=row)
    assert reserved(row) == 10
    with pytest.raises(Refused) as refusal:
        release_reservation(demand=row, quantity=Decimal(11))
    assert code_of(refusal) == ("LIMIT", ("quantity",))
    with pytest.raises(Refused) as refusal:
        reserve_demand(demand=row, quantity=Decimal(6))
    assert code_of(refusal) == ("LIMIT", ("quantity",))


def test_a_peg_holds_what_is_expected_and_becomes_hard_when_it_arrives(shop):
    old = confirm(shop.company, shop.bob, [(shop.tea, "12")])
    new = confirm(shop.company, shop.bob, [(shop.tea, "3")])
    line = ReceiptLineInput(item=shop.tea, quantity=Decimal(4), unit_cost=Decimal(5))
    receipt = ready_receipt(receipt=create_receipt(company=shop.company, party=shop.sam, lines=[line]))
    expected = receipt.lines.get()
    with pytest.raises(Refused) as refusal:
        peg_demand(demand=new.rows[0], receipt_line=expected, quantity=Decimal(4))
    assert code_of(refusal) == ("LIMIT", ("quantity",))
    peg_demand(demand=new.rows[0], receipt_line=expected, quantity=Decimal(3))
    with pytest.raises(Refused) as refusal:
        peg_demand(demand=old.rows[0], receipt_line=expected, quantity=Decimal(2))
    assert code_of(refusal) == ("LIMIT", ("quantity",))
    complete_receipt(receipt=receipt)
    assert [reserved(order.rows[0]) for order in (old, new)] == [11, 3]
    assert not Reservation.objects.filter(kind="peg").exists()
    assert broken() == []


def test_a_cancelled_receipt_lets_go_of_its_pegs(shop):
    order = confirm(shop.company, shop.bob, [(shop.tea, "12")])
    line = ReceiptLineInput(item=shop.tea, quantity=Decimal(4), unit_cost=Decimal(5))
    receipt = create_receipt(company=shop.company, party=shop.sam, lines=[line])
    peg_demand(demand=order.rows[0], receipt_line=receipt.lines.get(), quantity=Decimal(2))
    receipt = cancel_receipt(receipt=receipt, reason="sold out")
    assert (receipt.state, receipt.number, receipt.lines.get().pegged) == ("cancelled", None, 0)
    assert not Reservation.objects.filter(kind="peg").exists()


def test_lots_are_reserved_by_expiry_and_shipped_as_reserved(shop):
    milk = make_item("MILK", tracking=Item.Tracking.LOT)
    with unit_of_work():
        late = Lot(item=milk, code="B", expires_on=date(2027, 1, 1))
        soon = Lot(item=milk, code="C", expires_on=date(2026, 6, 1))
        late.save()
        soon.save()
    with pytest.raises(Refused) as refusal:
        put(shop.company, milk, "5")
    assert code_of(refusal) == ("REQUIRED", ("lines", "0", "lot"))
    put(shop.company, milk, "5", "5.00", lot=late)
    put(shop.company, milk, "5", "5.00", lot=soon)
    order = confirm(shop.company, shop.bob, [(milk, "7")])
    delivery = ship(order.document)
    assert {line.lot.code: line.base_quantity for line in delivery.lines.all()} == {"C": 5, "B": 2}
    assert broken() == []


def test_a_lot_that_is_named_leaves_and_not_the_one_that_is_reserved(shop):
    milk = make_item("MILK", tracking=Item.Tracking.LOT)
    with unit_of_work():
        late = Lot(item=milk, code="B", expires_on=date(2027, 1, 1))
        soon = Lot(item=milk, code="C", expires_on=date(2026, 6, 1))
        late.save()
        soon.save()
    put(shop.company, milk, "5", "5.00", lot=late)
    put(shop.company, milk, "5", "5.00", lot=soon)
    order = confirm(shop.company, shop.bob, [(milk, "4")])  # C is reserved
    line = order.demands[0].line
    lines = [
        DeliveryLineInput(line=line, quantity=Decimal(3), lot=late),
        DeliveryLineInput(line=line, quantity=Decimal(1), lot=soon),
    ]
    delivery = ship(order.document, lines)
    assert {line.lot.code: line.base_quantity for line in delivery.lines.all()} == {"B": 3, "C": 1}
    assert not Reservation.objects.exists()
    assert broken() == []


def test_a_reservation_for_a_time_ends_with_it(shop):
    brief = confirm(shop.company, shop.bob, [(shop.tea, "6")])
    release_reservation(demand=brief.rows[0])
    reserve_demand(demand=brief.rows[0], quantity=Decimal(2))
    reserve_demand(demand=brief.rows[0], quantity=Decimal(3), expires_at=timezone.now() - timedelta(seconds=1))
    assert free_expired() == 1
    assert (reserved(brief.rows[0]), free_expired()) == (2, 0)
    assert broken() == []


PLANTED = [
    "UPDATE stock_stockbalance SET on_hand = -1",
    "UPDATE stock_stockbalance SET hard_reserved = on_hand + 1",
    "UPDATE stock_stockbalance SET hard_reserved = -1",
    "UPDATE stock_costpool SET quantity = 0",
    "UPDATE stock_costpool SET quantity = -1",
    "UPDATE stock_costpool SET value = -1",
    "UPDATE stock_stockdemand SET cancelled_quantity = base_quantity + 1",
    "UPDATE stock_reservation SET base_quantity = 0",
    """INSERT INTO stock_stockbalance SELECT gen_random_uuid(), on_hand, hard_reserved, allow_negative,
        company_id, item_id, location_id, lot_id, owner_id FROM stock_stockbalance LIMIT 1""",
]


@pytest.mark.parametrize("fault", PLANTED)
def test_the_database_itself_refuses_what_must_not_be(shop, fault):
    confirm(shop.company, shop.bob, [(shop.tea, "4")])
    with pytest.raises(Refused), unit_of_work():
        connections["default"].cursor().execute(fault)
    assert broken() == []


def test_a_second_company_keeps_its_own_stock_of_the_same_item(shop):
    other = make_company("OTHER", "EUR")
    order = confirm(other, make_customer(other, "Ana"), [(shop.tea, "1")])
    assert reserved(order.rows[0]) == 0
    open_stock(company=other, lines=[ReceiptLineInput(item=shop.tea, quantity=Decimal(1), unit_cost=Decimal(9))])
    assert reserved(order.rows[0]) == 1
    assert (pool_of(other, shop.tea), pool_of(shop.company, shop.tea)) == ((1, 9), (10, 50))
