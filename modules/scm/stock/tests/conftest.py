"""A shop with goods, and what its moves tell others."""

from types import SimpleNamespace

import pytest
from tessera import events

from modules.base.tests.factories import make_company, make_customer, make_item, make_supplier
from modules.scm.stock.tests.factories import put


@pytest.fixture
def shop(inside) -> SimpleNamespace:
    """A company with ten teas, a customer and a supplier."""
    company, tea = make_company(), make_item()
    put(company, tea, "10", "50.00")
    return SimpleNamespace(company=company, tea=tea, bob=make_customer(company), sam=make_supplier(company))


@pytest.fixture
def told(monkeypatch) -> list:
    """What hooks were told of moves during the test: a list of (fact, moves)."""
    found: list = []
    hooks = [*events.HOOKS["stock.moves_done"], lambda fact, *, moves: found.append((fact, moves))]
    monkeypatch.setitem(events.HOOKS, "stock.moves_done", hooks)
    return found
