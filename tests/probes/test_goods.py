"""Goods in all their ways, with every part on: what is there, what it is worth, and what the ledger says."""

from datetime import date
from decimal import Decimal
from types import SimpleNamespace

import pytest
from tessera.api import Refused
from tessera.graph.ids import encode
from tessera.outbox.models import OutboxEvent
from tessera.testing.asking import done, refusals

from modules.base.tests.factories import make_company, make_customer, make_item, make_supplier
from modules.erp.finance.models import Area, Entry, EntryLine, FiscalPeriod
from modules.erp.finance.services import close_period
from modules.scm.stock.models import LocationKind, Reservation, StockBalance, StockMove
from modules.scm.stock.services import (
    DeliveryLineInput,
    ReceiptLineInput,
    complete_receipt,
    create_location,
    create_receipt,
    ready_receipt,
)
from modules.scm.stock.tests.factories import confirm, on_hand, place, pool_of, put, receive, reserved, ship
from tests.probes.hands import clerk, wrong

METHODS = ["average", "fifo"]


@pytest.fixture
def shop(inside):
    """A company with books, a customer and a supplier."""
    company = make_company()
    return SimpleNamespace(company=company, bob=make_customer(company), sam=make_supplier(company))


@pytest.fixture
def stocked(shop):
    """The same with ten teas that cost 5.00 each."""
    shop.tea = make_item()
    put(shop.company, shop.tea, "10", "50.00")
    return shop


def ledger() -> list[tuple]:
    """Return every entry line there is."""
    return list(EntryLine.objects.order_by("id").values_list("id", "account__code", "side", "amount"))


@pytest.mark.parametrize("method", METHODS)
def test_seven_pieces_worth_ten_issued_one_by_one_end_at_nothing(shop, method):
    tea = make_item(cost_method=method)
    put(shop.company, tea, "7", "10.00")
    order = confirm(shop.company, shop.bob, [(tea, "7")])
    for _ in range(7):
        ship(order.document, [DeliveryLineInput(line=order.demands[0].line, quantity=Decimal(1))])
    out = StockMove.objects.filter(target__kind=LocationKind.CUSTOMER).order_by("seq")
    assert [f"{move.value:.2f}" for move in out] == ["1.43", "1.43", "1.43", "1.43", "1.43", "1.43", "1.42"]
    assert pool_of(shop.company, tea) == (0, 0)
    assert wrong(shop.company) == []


@pytest.mark.parametrize("method", METHODS)
def test_a_receipt_dated_back_into_the_last_open_month_rewrites_nothing(shop, method):
    tea, year = make_item(cost_method=method), date.today().year
    receive(shop.company, shop.sam, [(tea, "10", "2.00")], posting_date=date(year, 3, 10))
    ship(confirm(shop.company, shop.bob, [(tea, "5")]).document, posting_date=date(year, 3, 11))
    for period in FiscalPeriod.objects.filter(company=shop.company, end__lt=date(year, 3, 1)):
        close_period(period=period, area=Area.STOCK)
    moves, entries = list(StockMove.objects.order_by("id").values()), ledger()
    with pytest.raises(Refused) as refusal:
        receive(shop.company, shop.sam, [(tea, "5", "4.00")], posting_date=date(year, 2, 28))
    assert [(p.code, p.field) for p in refusal.value.problems] == [("CLOSED_PERIOD", ("posting_date",))]
    assert (list(StockMove.objects.order_by("id").values()), ledger()) == (moves, entries)
    receive(shop.company, shop.sam, [(tea, "5", "4.00")], posting_date=date(year, 3, 1))
    late = StockMove.objects.order_by("id").last()
    assert (late.posting_date, late.value, late.seq) == (date(year, 3, 1), 20, 3)
    assert list(StockMove.objects.exclude(pk=late.pk).order_by("id").values()) == moves
    assert ledger()[: len(entries)] == entries
    assert Entry.objects.latest("seq").posting_date == date(year, 3, 1)
    assert pool_of(shop.company, tea) == (10, 30)
    assert wrong(shop.company) == []


def test_goods_of_somebody_else_are_neither_sold_nor_valued(stocked):
    before = ledger()
    line = ReceiptLineInput(item=stocked.tea, quantity=Decimal(5), unit_cost=Decimal(9), owner=stocked.sam)
    receipt = create_receipt(company=stocked.company, party=stocked.sam, lines=[line])
    complete_receipt(receipt=ready_receipt(receipt=receipt))
    order = confirm(stocked.company, stocked.bob, [(stocked.tea, "12")])
    assert (reserved(order.rows[0]), pool_of(stocked.company, stocked.tea)) == (10, (10, 50))
    move = StockMove.objects.get(owner=stocked.sam)
    assert (move.value, move.value_basis, move.pool) == (0, "unvalued", None)
    assert StockBalance.objects.get(owner=stocked.sam).on_hand == 5
    assert ledger() == before
    assert wrong(stocked.company) == []


COUNT = """mutation($input: StockCountCreateInput!) { stockCountCreate(input: $input) {
    node { id number state lines { nodes { quantity expected } } } userErrors { field code } } }"""
COUNTS = (
    "stock.stock_count_create",
    "stock.stock_count_view",
    "stock.stock_count_line_view",
    "stock.location_view",
    "base.item_view",
)


def test_a_loss_counted_under_reservations_makes_the_newest_wait_again(stocked):
    old = confirm(stocked.company, stocked.bob, [(stocked.tea, "6")])
    new = confirm(stocked.company, stocked.bob, [(stocked.tea, "4")])
    given = {"location": encode("Location", place(stocked.company).pk), "item": encode("Item", stocked.tea.pk), "counted": "5"}
    with clerk(*COUNTS):
        node = done(COUNT, input=given | {"reason": "flood"})
    assert (node["state"], node["lines"]["nodes"]) == ("done", [{"quantity": "5", "expected": "10"}])
    assert [reserved(order.rows[0]) for order in (old, new)] == [5, 0]
    assert (on_hand(stocked.company, stocked.tea), pool_of(stocked.company, stocked.tea)) == (5, (5, 25))
    facts = OutboxEvent.objects.filter(name="stock.reservation_lost")
    assert {(f.subject, f.data["quantity"]) for f in facts} == {(new.document, "4.000000"), (old.document, "1.000000")}
    assert wrong(stocked.company) == []
    receive(stocked.company, stocked.sam, [(stocked.tea, "2", "5.00")])
    assert [reserved(order.rows[0]) for order in (old, new)] == [6, 1]
    assert wrong(stocked.company) == []


MOVED = "{ node { id number state } userErrors { field code } }"
TRANSFER = f"mutation($input: TransferCreateInput!) {{ transferCreate(input: $input) {MOVED} }}"
TRANSFERS = (
    "stock.transfer_create", "stock.transfer_update", "stock.transfer_complete", "stock.transfer_view", "stock.location_view",
    "base.company_view", "base.item_view",
)  # fmt: skip


def step(name: str, key: str) -> dict:
    return done(f"mutation($id: ID!) {{ {name}(id: $id) {MOVED} }}", id=key)


def test_a_transfer_by_a_clerk_goes_through_transit_and_books_nothing(stocked):
    shelf = create_location(warehouse=place(stocked.company).warehouse, code="SHELF", name="Shelf")
    order = confirm(stocked.company, stocked.bob, [(stocked.tea, "7")])
    before = ledger()
    given = {
        "company": encode("Company", stocked.company.pk),
        "source": encode("Location", place(stocked.company).pk),
        "target": encode("Location", shelf.pk),
        "lines": [{"item": encode("Item", stocked.tea.pk), "quantity": "3"}],
    }
    with clerk(*TRANSFERS):
        node = done(TRANSFER, input=given)
        assert (node["state"], node["number"]) == ("draft", None)
        assert step("transferReady", node["id"])["number"].startswith("TR-")
        assert step("transferComplete", node["id"])["state"] == "done"
        more = done(TRANSFER, input=given | {"lines": [{"item": encode("Item", stocked.tea.pk), "quantity": "1"}]})
        step("transferReady", more["id"])
        text = "mutation($id: ID!) { transferComplete(id: $id) { node { id } userErrors { field code } } }"
        assert refusals(text, id=more["id"]) == [("INSUFFICIENT", "lines.0.quantity")]  # what is reserved stays
    moves = StockMove.objects.filter(document_kind="stock.Transfer").order_by("id")
    assert [(m.source.kind, m.target.kind, m.base_quantity, m.value) for m in moves] == [
        ("storage", "transit", 3, 0),
        ("transit", "storage", 3, 0),
    ]
    assert (StockBalance.objects.get(location=shelf).on_hand, reserved(order.rows[0])) == (3, 7)
    assert (ledger(), pool_of(stocked.company, stocked.tea)) == (before, (10, 50))
    assert wrong(stocked.company) == []


DROP_SHIP = f"mutation($input: DeliveryDropShipInput!) {{ deliveryDropShip(input: $input) {MOVED} }}"
SHIPPING = ("stock.delivery_create", "stock.delivery_update", "stock.delivery_complete", "stock.delivery_view")


def test_a_drop_ship_line_is_one_move_from_supplier_to_customer(shop):
    tea = make_item()
    order = confirm(shop.company, shop.bob, [(tea, "3")], drop_ship=True)
    given = {
        "document": str(order.document),
        "supplier": encode("Party", shop.sam.pk),
        "lines": [{"line": str(order.demands[0].line), "unitCost": "4.10"}],
    }
    with clerk(*SHIPPING, "base.party_view"):
        draft = done(DROP_SHIP, input=given)
        assert refusals(DROP_SHIP, input=given) == [("INVALID", "input.lines.0.quantity")]  # all of it is planned already
        step("deliveryReady", draft["id"])
        assert step("deliveryComplete", draft["id"])["state"] == "done"
    move = StockMove.objects.get()
    assert (move.source.kind, move.target.kind, move.base_quantity, move.value) == ("supplier", "customer", 3, Decimal("12.30"))
    assert (move.source.warehouse, move.target.warehouse, move.pool) == (None, None, None)
    assert not Reservation.objects.exists()
    assert not StockBalance.objects.exists()
    assert sorted((code, side, amount) for _pk, code, side, amount in ledger()) == [
        ("1210", "debit", Decimal("12.30")),
        ("2010", "credit", Decimal("12.30")),
    ]
    assert wrong(shop.company) == []
