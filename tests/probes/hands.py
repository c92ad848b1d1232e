"""Hands for the probes: people with just the rights they need, and what must be true when they are done."""

from contextlib import AbstractContextManager
from typing import Any

from tessera.context import EVERYTHING, Actor, acting
from tessera.fields import new_id

from modules.base.models import Company
from modules.erp.finance.selectors import reconciliation
from modules.scm.stock.tests.factories import broken


def clerk(*rights: str, name: str = "bob") -> AbstractContextManager[Any]:
    """Act as a member who holds just these rights."""
    grants = dict.fromkeys(rights, EVERYTHING)
    return acting(Actor(kind="member", member_id=new_id(), account_id=new_id(), name=name, grants=grants))


def wrong(company: Company) -> list[Any]:
    """Return what does not hold: sums of stock, and control accounts that differ from what they stand for."""
    return [*broken(), *(row for row in reconciliation(company=company) if row.difference)]
