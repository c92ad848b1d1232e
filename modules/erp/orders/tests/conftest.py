"""Orders alone: base and orders are on, and what others would track is said by the test."""

from decimal import Decimal

import pytest
from tessera.context import EVERYTHING, Actor, acting, system
from tessera.fields import new_id
from tessera.gates import GATES, Answer, Gate
from tessera.lineage.services import content_hash
from tessera.testing.plugin import entered

from modules.erp.orders.selectors import progress
from modules.erp.orders.services import limits

ORDERS = frozenset({"base", "orders"})


@pytest.fixture
def orders(tenant):
    """Enter tenant A as the system with base and orders on."""
    with entered(tenant, actor=system("test"), modules=ORDERS) as context:
        yield context


@pytest.fixture
def acts(orders):
    """Return a context manager that acts as a member with just the given rights."""

    def act(*permissions: str, name: str = "bob"):
        grants = dict.fromkeys(permissions, EVERYTHING)
        return acting(Actor(kind="member", member_id=new_id(), account_id=new_id(), name=name, grants=grants))

    return act


@pytest.fixture
def stock(monkeypatch):
    """Let somebody keep stock; the returned dict is what is reserved per line."""
    reserved: dict = {}
    monkeypatch.setattr(progress, "stock_tracks", lambda: True)
    monkeypatch.setattr(progress, "reserved_quantities", lambda lines: {key: reserved[key] for key in lines if key in reserved})
    return reserved


@pytest.fixture
def finance(monkeypatch):
    """Let somebody keep receivables; the returned dict is what is owed per party."""
    owed: dict = {}
    monkeypatch.setattr(progress, "finance_tracks", lambda: True)
    monkeypatch.setattr(limits, "open_receivables", lambda party, company: owed.get(party, Decimal(0)))
    return owed


@pytest.fixture
def demands(monkeypatch):
    """Return what hooks on order facts were told: a list of (event, live objects)."""
    from tessera import events

    told: list = []
    for name in ("confirmed", "amended", "short_closed", "cancelled"):
        full = f"orders.sales_order_{name}"
        monkeypatch.setitem(events.HOOKS, full, [lambda fact, **live: told.append((fact, live))])
    return told


@pytest.fixture
def process():
    """Let a process decide on transitions: hashes put into the returned set are approved, all others are held."""
    approved: set[str] = set()

    def ask(transition):
        if transition.target not in ("sent", "confirmed"):
            return Answer.NOT_CONCERNED
        return Answer.APPROVED if content_hash(transition.document) in approved else Answer.HELD

    GATES.append(gate := Gate(ask, lambda hold, transition: None))
    yield approved
    GATES.remove(gate)
