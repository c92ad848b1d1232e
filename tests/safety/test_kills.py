"""kill -9 of anything, at any moment, while people take leads to cash: exactly one of each document, and the books balance."""

import random
import threading
import time

import pytest
from django.db import connections, transaction

from modules.erp.finance.models import Payment
from tests.safety.faults import faults
from tests.safety.stack import Stack

pytestmark = [pytest.mark.xdist_group("stack"), pytest.mark.slow, pytest.mark.timeout(900)]


class Killer(threading.Thread):
    """Kills every victim once, in an order and at moments that the seed decides."""

    def __init__(self, stack: Stack, seed: int) -> None:
        super().__init__()
        self.stack, self.dice = stack, random.Random(seed)
        self.failure: BaseException | None = None

    def run(self) -> None:
        try:
            for victim in self.dice.sample(Stack.victims, len(Stack.victims)):
                time.sleep(self.dice.uniform(0, 1.5))
                self.stack.kill(victim)
        except BaseException as failure:
            self.failure = failure


@pytest.mark.safety(seeds=(3, 50))
def test_every_document_is_there_once_whatever_is_killed(world, seed, count):
    world.settle()
    world.take_stock()  # so that a seed that fails does not make the next ones fail
    again = world.sent_again()
    killer = Killer(world.stack, seed)
    killer.start()
    try:
        world.loops.play()
        while killer.is_alive():
            world.loops.play()
    finally:
        killer.join()
    assert killer.failure is None
    world.settle()
    mine = world.loops.played[world.since :]
    assert world.uneven() == []
    assert faults() == []
    world.loops.look(mine)
    count.note(loops=len(mine), kills=len(Stack.victims), sent_again=world.sent_again() - again, lost=0, twice=0)


PLANTS = {
    "a payment taken twice": (
        "INSERT INTO finance_payment ({columns}) SELECT {copied} FROM finance_payment LIMIT 1",
        "finance_payment has",
    ),
    "an entry that lost a line": (
        "DELETE FROM finance_entryline WHERE id = (SELECT min(id::text)::uuid FROM finance_entryline)",
        "entry ",
    ),
    "a delivery that nobody runs": (
        "UPDATE outbox_delivery SET state = 'pending' WHERE id = (SELECT min(id::text)::uuid FROM outbox_delivery)",
        ": pending",
    ),
    "a fact that is gone": (
        "DELETE FROM outbox_outboxevent WHERE id = (SELECT min(id::text)::uuid FROM outbox_outboxevent)",
        "facts to",
    ),
    "a number that nobody has": (
        "UPDATE numbering_numberseries SET last = last + 1 WHERE scope LIKE 'orders.SalesOrder%'",
        "orders.SalesOrder",
    ),
    "a number out of turn": (
        "UPDATE finance_invoice SET number = replace(number, '00001', '90001') WHERE number LIKE 'INV-%-00001'",
        "90001]",
    ),
    "goods that came without a move": (
        "UPDATE stock_stockbalance SET on_hand = on_hand + 1 WHERE id = (SELECT min(id::text)::uuid FROM stock_stockbalance)",
        "is not the sum of its moves",
    ),
}


@pytest.mark.parametrize("plant", PLANTS)
def test_a_planted_fault_is_seen(world, plant):
    """The control: the same look finds each kind of lost, doubled or half-done effect."""
    statement, seen = PLANTS[plant]
    names = [f'"{field.column}"' for field in Payment._meta.concrete_fields]
    other = {'"id"': "uuidv7()", '"number"': "number || '-again'"}
    columns = {"columns": ", ".join(names), "copied": ", ".join(other.get(name, name) for name in names)}
    with transaction.atomic(using="default"):
        with connections["default"].cursor() as cursor:
            cursor.execute("SET LOCAL session_replication_role = replica")  # what refuses such faults must not stand in the way
            cursor.execute(statement.format(**columns))
            assert cursor.rowcount == 1
        found = faults() + world.uneven()
        transaction.set_rollback(True, using="default")
    assert [each for each in found if seen in each] != []
    assert faults() + world.uneven() == []
