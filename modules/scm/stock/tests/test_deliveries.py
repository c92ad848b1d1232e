"""Deliveries, from draft to done and back, and what they refuse."""

from decimal import Decimal

import pytest
from tessera.api import Forbidden, Refused
from tessera.lineage.models import LineLink
from tessera.outbox.models import OutboxEvent

from modules.base.tests.factories import make_item
from modules.scm.stock.models import (
    Delivery,
    StockDemand,
    StockMove,
)
from modules.scm.stock.selectors import goods_shipped
from modules.scm.stock.services import (
    DeliveryLineInput,
    DropShipLineInput,
    ReturnLineInput,
    cancel_delivery,
    complete_delivery,
    create_delivery_for,
    create_drop_shipment,
    create_location,
    ready_delivery,
    return_from_customer,
)
from modules.scm.stock.tests.factories import (
    ORDER_LINE,
    broken,
    code_of,
    confirm,
    on_hand,
    place,
    pool_of,
    reserved,
    ship,
)


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


def test_goods_that_never_came_in_do_not_leave_as_nothing_tells_their_cost(shop):
    counter = create_location(warehouse=place(shop.company).warehouse, code="COUNTER", name="Counter", allow_negative=True)
    jam = make_item("JAM")
    order = confirm(shop.company, shop.bob, [(jam, "1")])
    with pytest.raises(Refused) as refusal:
        ship(order.document, [DeliveryLineInput(line=order.demands[0].line, quantity=Decimal(1), location=counter)])
    assert code_of(refusal) == ("INSUFFICIENT", ("lines", "0", "quantity"))


def test_without_the_right_nothing_moves(shop, as_member):
    order = confirm(shop.company, shop.bob, [(shop.tea, "4")])
    delivery = ready_delivery(delivery=create_delivery_for(document=order.document))
    as_member("stock.delivery_create", "stock.delivery_update")
    with pytest.raises(Forbidden) as refusal:
        complete_delivery(delivery=delivery)
    assert refusal.value.permission == "stock.delivery_complete"
    assert StockMove.objects.count() == 1
