"""Real threads, real commits: nothing is sold twice, and nobody waits for each other in a circle.

The normal run makes a few hundred attempts; `make safety` makes 5,000 on 500 units, for five seeds.
"""

import random
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from threading import Barrier

import pytest
from django.db import connections
from django.db.models import Sum
from tessera.api import Refused, system
from tessera.testing.plugin import entered
from tessera.unit_of_work import unit_of_work

from modules.base.tests.factories import make_company, make_customer, make_item, make_supplier
from modules.scm.stock import handlers
from modules.scm.stock.models import Reservation, ReservationKind, StockBalance, StockDemand
from modules.scm.stock.services import (
    DeliveryLineInput,
    count_stock,
    release_reservation,
    reserve_demand,
)
from modules.scm.stock.tests.factories import broken, confirm, demand, on_hand, place, put, receive, ship

THREADS = 8

pytestmark = [pytest.mark.committed, pytest.mark.safety(seeds=(1, 5))]


def at_once(tenant, work: Callable[[int], int]) -> list[int]:
    """Run `work(thread)` in threads that start together, each with a connection of its own; return the results."""
    barrier = Barrier(THREADS)
    with entered(tenant, actor=system("test")) as context:
        on = context.modules
    for connection in connections.all():
        connection.close()  # back to the pool: the threads may need all there are

    def run(thread: int) -> int:
        try:
            with entered(tenant, actor=system(f"thread {thread}"), modules=on):
                barrier.wait()
                return work(thread)
        finally:
            for connection in connections.all():
                connection.close()

    with ThreadPoolExecutor(THREADS) as pool:
        return list(pool.map(run, range(THREADS)))


def test_many_orders_for_few_goods_get_exactly_what_is_there(tenant, seed, count):
    units, attempts = count("units", 60, 500), count("attempts", 320, 5_000)
    with entered(tenant, actor=system("test")):
        company = make_company()
        bob, tea = make_customer(company), make_item()
        put(company, tea, str(units), "100.00")

    def work(thread: int) -> int:
        rng, granted = random.Random(f"{seed} {thread}"), 0
        for _ in range(attempts // THREADS):
            wanted = demand(company, bob, tea, str(rng.choice([1, 1, 1, 2, 3])))
            with unit_of_work():
                handlers.reserve_order(None, demands=[wanted])
            row = Reservation.objects.filter(demand__line=wanted.line).aggregate(sum=Sum("base_quantity"))
            granted += int(row["sum"] or 0)
        return granted

    granted = at_once(tenant, work)
    with entered(tenant, actor=system("test")):
        assert sum(granted) == units
        assert StockDemand.objects.count() == attempts
        held = Reservation.objects.filter(kind=ReservationKind.HARD).aggregate(sum=Sum("base_quantity"))["sum"]
        balance = StockBalance.objects.get(item=tea)
        assert (held, balance.hard_reserved, balance.on_hand) == (units, units, units)
        assert broken() == []


def test_orders_deliveries_receipts_and_counts_cross_without_deadlock(tenant, seed, count):
    """Lines in random item order, every kind of writer at once: a deadlock or a lost update fails the test."""
    orders = count("orders", 80, 1_250)
    with entered(tenant, actor=system("test")):
        company = make_company()
        bob, sam = make_customer(company), make_supplier(company)
        items = [make_item("TEA"), make_item("JAM", cost_method="fifo"), make_item("OIL")]
        for item in items:
            put(company, item, "40", "100.00")
        storage = place(company)

    def work(thread: int) -> int:
        rng, refused = random.Random(f"{seed} {thread}"), 0
        for _ in range(orders // THREADS):
            some = rng.sample(items, k=rng.choice([2, 3]))
            try:
                order = confirm(company, bob, [(item, str(rng.randint(1, 4))) for item in some])
                match rng.randrange(5):
                    case 0:
                        receive(company, sam, [(item, "3", "2.50") for item in some])
                    case 1:
                        counted = on_hand(company, some[0]) - rng.randint(0, 2)
                        count_stock(location=storage, item=some[0], counted=max(counted, Decimal(0)))
                    case 2:
                        release_reservation(demand=order.rows[0])
                        reserve_demand(demand=order.rows[0])
                    case _:
                        lines = [DeliveryLineInput(line=d.line, quantity=Decimal(1)) for d in order.demands]
                        ship(order.document, lines)
            except Refused as refusal:
                assert {p.code for p in refusal.problems} <= {"INSUFFICIENT", "LIMIT"}, refusal.problems
                refused += 1
        return refused

    at_once(tenant, work)
    with entered(tenant, actor=system("test")):
        assert broken() == []
