"""Who showed a credential a moment ago, so that the next request can be answered in the same trip that shows it to be still good."""

import threading
from collections import OrderedDict
from dataclasses import dataclass, replace
from datetime import date, datetime
from time import monotonic
from uuid import UUID

from django.utils import timezone

from tessera.access.selectors.rights import today
from tessera.context import Actor, current
from tessera.db.prepared import Proof

LIFETIME = 10.0  # seconds
MOST = 1_000


@dataclass(frozen=True)
class Identity:
    """An actor, and what has to be told once more for it to be the same one with the same rights."""

    actor: Actor
    proof: Proof


@dataclass(frozen=True)
class _Kept:
    identity: Identity
    modules: frozenset[str]  # by these and the day rights are reckoned, besides what the proof tells
    day: date
    until: float


_kept: OrderedDict[tuple[UUID, str], _Kept] = OrderedDict()
_lock = threading.Lock()


def keep(hash: str, identity: Identity, *, expires_at: datetime) -> None:
    """Keep for a moment who is behind a credential of the tenant in force, in this process alone."""
    context = current()
    seconds = min(LIFETIME, (expires_at - timezone.now()).total_seconds())
    with _lock:
        _kept[context.tenant.id, hash] = _Kept(identity, context.modules, today().date(), monotonic() + seconds)
        while len(_kept) > MOST:
            _kept.popitem(last=False)


def recalled(hash: str) -> Identity | None:
    """Return who was behind a credential of the tenant in force; it counts for nothing before its proof is told again."""
    context = current()
    kept = _kept.get((context.tenant.id, hash))
    now = monotonic()
    if kept is None or kept.until < now or kept.modules != context.modules or kept.day != today().date():
        return None
    return Identity(kept.identity.actor, replace(kept.identity.proof, since=now))
