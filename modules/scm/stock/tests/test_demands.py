"""What documents want changes: amended, cancelled, or told anew when stock is switched on late."""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from types import SimpleNamespace

import pytest
from tessera.api import Event, Refused, new_id
from tessera.unit_of_work import unit_of_work

from modules.base.api import open_demands
from modules.base.tests.factories import make_company, make_customer, make_item
from modules.scm.stock import handlers
from modules.scm.stock.models import StockDemand
from modules.scm.stock.services import DeliveryLineInput, setup_tenant
from modules.scm.stock.tests.factories import broken, confirm, demand, put, reserved, ship


@pytest.fixture
def shop(inside):
    """A company with ten teas and ten jams, and a customer."""
    company = make_company()
    tea, jam = make_item("TEA"), make_item("JAM")
    put(company, tea, "10", "50.00")
    put(company, jam, "10", "20.00")
    return SimpleNamespace(company=company, tea=tea, jam=jam, bob=make_customer(company))


def amend(demands, removed=()):
    with unit_of_work():
        handlers.amend_order(None, demands=list(demands), removed=list(removed))


def now(order) -> list[tuple]:
    """Return wanted, open and reserved quantities of an order's lines."""
    rows = {row.line: row for row in StockDemand.objects.filter(document=order.document)}
    return [(rows[d.line].wanted, rows[d.line].open_quantity, reserved(rows[d.line])) for d in order.demands]


def test_an_amended_order_is_reserved_as_it_is_now(shop):
    order = confirm(shop.company, shop.bob, [(shop.tea, "8"), (shop.jam, "4")])
    more, less = order.demands
    amend([replace(more, base_quantity=Decimal(12)), replace(less, base_quantity=Decimal(1))])
    assert now(order) == [(12, 12, 10), (1, 1, 1)]
    amend([replace(more, base_quantity=Decimal(3))], removed=[replace(less, base_quantity=Decimal(1))])
    assert now(order) == [(3, 3, 3), (0, 0, 0)]
    assert broken() == []


def test_a_line_that_wants_another_item_lets_go_of_the_old_one(shop):
    order = confirm(shop.company, shop.bob, [(shop.tea, "8")])
    amend([replace(order.demands[0], item=shop.jam.pk)])
    assert now(order) == [(8, 8, 8)]
    assert reserved(StockDemand.objects.get(item=shop.jam)) == 8
    assert broken() == []
    ship(order.document, [DeliveryLineInput(line=order.demands[0].line, quantity=Decimal(1))])
    with pytest.raises(Refused) as refusal:
        amend([order.demands[0]])
    assert [(p.code, p.field) for p in refusal.value.problems] == [("STATE", ("item",))]


def test_an_order_is_not_amended_below_what_went_out(shop):
    order = confirm(shop.company, shop.bob, [(shop.tea, "8")])
    ship(order.document, [DeliveryLineInput(line=order.demands[0].line, quantity=Decimal(5))])
    with pytest.raises(Refused) as refusal:
        amend([replace(order.demands[0], base_quantity=Decimal(4))])
    assert refusal.value.problems[0].code == "LIMIT"
    assert now(order) == [(8, 3, 3)]


def test_a_cancelled_order_frees_everything(shop):
    order = confirm(shop.company, shop.bob, [(shop.tea, "8"), (shop.jam, "4")])
    with unit_of_work():
        handlers.cancel_order(None, demands=order.demands)
    assert now(order) == [(0, 0, 0), (0, 0, 0)]
    assert broken() == []


def test_an_order_that_was_numbered_at_its_end_is_found_by_its_number(shop):
    from django.utils import timezone

    order = confirm(shop.company, shop.bob, [(shop.tea, "8")])
    told = Event(new_id(), "orders.sales_order_confirmed", 1, order.document, 1, {"number": "SO-2026-00001"}, timezone.now())
    for _ in range(2):
        with unit_of_work():
            handlers.name_order(told)
    assert StockDemand.objects.get(document=order.document).number == "SO-2026-00001"
    assert ship(order.document).reference == "SO-2026-00001"


def switch_on(monkeypatch, company, *open_now) -> None:
    """Switch stock on while orders say that `open_now` is still to be delivered."""
    monkeypatch.setattr(open_demands, "owner", "stock")
    monkeypatch.setattr(open_demands, "answered_by", lambda *, company: [d for d in open_now if d.company == company])
    setup_tenant()


def test_stock_switched_on_late_adopts_open_demands_once(shop, monkeypatch):
    late = demand(shop.company, shop.bob, shop.tea, "12")
    for _ in range(2):
        switch_on(monkeypatch, shop.company, late)
    row = StockDemand.objects.get(line=late.line)
    assert (row.wanted, row.open_quantity, reserved(row)) == (12, 12, 10)
    assert broken() == []


def test_stock_switched_on_again_counts_what_went_out_before_and_drops_what_ended_meanwhile(shop, monkeypatch):
    kept = confirm(shop.company, shop.bob, [(shop.tea, "8"), (shop.jam, "4")])
    ended = confirm(shop.company, shop.bob, [(shop.jam, "3")])
    ship(kept.document, [DeliveryLineInput(line=kept.demands[0].line, quantity=Decimal(5))])
    shorter, longer = kept.demands
    switch_on(
        monkeypatch,
        shop.company,
        replace(shorter, base_quantity=Decimal(2)),
        replace(longer, base_quantity=Decimal(6)),
    )
    assert now(kept) == [(7, 2, 2), (6, 6, 6)]
    assert now(ended) == [(0, 0, 0)]
    ship(kept.document)
    assert now(kept) == [(7, 0, 0), (6, 0, 0)]
    assert broken() == []


def test_what_a_cancelled_order_frees_goes_to_whoever_waits_by_day_number_and_line(shop):
    holder = confirm(shop.company, shop.bob, [(shop.tea, "10")])
    someday = confirm(shop.company, shop.bob, [(shop.tea, "4")])
    later = confirm(shop.company, shop.bob, [(shop.tea, "4")], requested_date=date(2026, 5, 2), number="SO-1")
    second = confirm(shop.company, shop.bob, [(shop.tea, "4")], requested_date=date(2026, 5, 1), number="SO-3")
    first = confirm(shop.company, shop.bob, [(shop.tea, "3")], requested_date=date(2026, 5, 1), number="SO-2")
    with unit_of_work():
        handlers.cancel_order(None, demands=holder.demands)
    assert [reserved(order.rows[0]) for order in (first, second, later, someday)] == [3, 4, 3, 0]
    assert broken() == []
