"""Sales with orders, and nothing else."""

import pytest
from tessera.context import EVERYTHING, Actor, acting, system
from tessera.fields import new_id
from tessera.testing.plugin import entered

SALES = frozenset({"base", "orders", "sales"})


@pytest.fixture
def sales(tenant):
    """Enter tenant A as the system with base, orders and sales on."""
    with entered(tenant, actor=system("test"), modules=SALES) as context:
        yield context


@pytest.fixture
def acts(sales):
    """Return a context manager that acts as a member with just the given rights."""

    def act(*permissions: str, member=None, reach=EVERYTHING):
        grants = dict.fromkeys(permissions, reach)
        return acting(Actor(kind="member", member_id=member or new_id(), account_id=new_id(), name="bob", grants=grants))

    return act
