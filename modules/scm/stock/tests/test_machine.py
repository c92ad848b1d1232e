"""Any sequence of what stock can do keeps every sum: moves, balances, reservations, pools, layers."""

from decimal import Decimal

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, multiple, rule, run_state_machine_as_test
from tessera.api import Refused, savepoint
from tessera.unit_of_work import unit_of_work

from modules.base.tests.factories import make_company, make_customer, make_item, make_supplier
from modules.scm.stock import handlers
from modules.scm.stock.models import LocationKind, StockMove
from modules.scm.stock.services import (
    DeliveryLineInput,
    ReturnLineInput,
    TransferLineInput,
    adjust_value,
    complete_transfer,
    count_stock,
    create_transfer,
    ready_transfer,
    release_reservation,
    reserve_demand,
    return_from_customer,
)
from modules.scm.stock.tests.factories import broken, confirm, demand, place, receive, ship

few = st.integers(min_value=1, max_value=6)
cents = st.integers(min_value=0, max_value=999).map(lambda n: str(Decimal(n) / 100))


class StockMachine(RuleBasedStateMachine):
    """Receives, orders, ships, returns, counts, moves and revalues two items in any order."""

    orders = Bundle("orders")
    deliveries = Bundle("deliveries")
    receipts = Bundle("receipts")
    number = 0

    @initialize()
    def begin(self):
        StockMachine.number += 1
        self.company = make_company(f"C{self.number}")
        self.bob, self.sam = make_customer(self.company), make_supplier(self.company)
        self.items = [make_item(f"A{self.number}"), make_item(f"F{self.number}", cost_method="fifo")]
        self.before: list = []

    def attempt(self, work):
        """Do something that the business may refuse; a refusal leaves nothing behind."""
        moves = StockMove.objects.count()
        try:
            with unit_of_work(), savepoint():
                return work()
        except Refused as refusal:
            assert {p.code for p in refusal.problems} <= {"INSUFFICIENT", "LIMIT", "NOTHING_RESERVED", "REQUIRED", "INVALID"}
            assert StockMove.objects.count() == moves
            return None

    @rule(target=receipts, which=st.sampled_from([0, 1]), quantity=few, cost=cents)
    def receive_goods(self, which, quantity, cost):
        return receive(self.company, self.sam, [(self.items[which], str(quantity), cost)])

    @rule(target=orders, first=few, second=few)
    def order(self, first, second):
        return confirm(self.company, self.bob, [(self.items[0], str(first)), (self.items[1], str(second))])

    @rule(target=deliveries, order=orders)
    def ship_what_is_reserved(self, order):
        done = self.attempt(lambda: ship(order.document))
        return multiple() if done is None else done

    @rule(target=deliveries, order=orders, line=st.sampled_from([0, 1]), quantity=few)
    def ship_some(self, order, line, quantity):
        lines = [DeliveryLineInput(line=order.demands[line].line, quantity=Decimal(quantity))]
        done = self.attempt(lambda: ship(order.document, lines))
        return multiple() if done is None else done

    @rule(delivery=deliveries, quantity=few)
    def take_back(self, delivery, quantity):
        line = ReturnLineInput(line=delivery.lines.first(), quantity=Decimal(quantity))
        self.attempt(lambda: return_from_customer(delivery=delivery, lines=[line]))

    @rule(which=st.sampled_from([0, 1]), counted=st.integers(min_value=0, max_value=12))
    def count(self, which, counted):
        item = self.items[which]
        self.attempt(lambda: count_stock(location=place(self.company), item=item, counted=Decimal(counted)))

    @rule(which=st.sampled_from([0, 1]), quantity=few)
    def release_from_hold(self, which, quantity):
        def work():
            transfer = create_transfer(
                company=self.company,
                source=place(self.company, LocationKind.HOLD),
                target=place(self.company),
                lines=[TransferLineInput(item=self.items[which], quantity=Decimal(quantity))],
            )
            complete_transfer(transfer=ready_transfer(transfer=transfer))

        self.attempt(work)

    @rule(receipt=receipts, cents=st.integers(min_value=-200, max_value=500).filter(bool))
    def adjust(self, receipt, cents):
        self.attempt(lambda: adjust_value(receipt=receipt, amount=Decimal(cents) / 100, reason="freight"))

    @rule(order=orders, line=st.sampled_from([0, 1]), free=st.booleans(), quantity=few)
    def reserve_or_free(self, order, line, free, quantity):
        change = release_reservation if free else reserve_demand
        self.attempt(lambda: change(demand=order.rows[line], quantity=Decimal(quantity)))

    @rule(order=orders, line=st.sampled_from([0, 1]), quantity=few)
    def short_close(self, order, line, quantity):
        less = demand(self.company, self.bob, self.items[line], str(quantity), document=order.document)
        object.__setattr__(less, "line", order.demands[line].line)
        self.attempt(lambda: handlers.shorten_order(None, demands=[less]))

    @invariant()
    def every_sum_holds(self):
        if hasattr(self, "company"):
            assert broken(self.company) == []

    @invariant()
    def what_was_posted_stays(self):
        if hasattr(self, "company"):
            rows = list(StockMove.objects.filter(company=self.company).order_by("id").values_list("id", "value", "base_quantity"))
            assert set(self.before) <= set(rows)
            self.before = rows


@pytest.mark.safety
@pytest.mark.timeout(3600)
def test_every_sum_holds_after_any_sequence(inside, count):
    run_state_machine_as_test(
        StockMachine,
        settings=settings(
            max_examples=count("sequences", 6, 200),
            stateful_step_count=40 if count.long else 20,
            deadline=None,
            derandomize=True,
            suppress_health_check=list(HealthCheck),
        ),
    )
