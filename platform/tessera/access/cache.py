"""Keep computed rights in Valkey, and for a moment in the process, under keys that name all they depend on.

Nothing is ever removed: whatever changes a right raises an epoch, and with it the key.
"""

import hashlib
import time
from collections import OrderedDict
from collections.abc import Mapping
from contextlib import suppress
from datetime import date
from functools import cache
from uuid import UUID

from tessera import tenant_cache
from tessera.access.models import Member
from tessera.context import Reach, current
from tessera.permissions import known_permissions

LIFETIME = 900  # seconds
KEPT, NEAR_LIFETIME = 1_000, 10.0  # in the process: how many, and for how many seconds
_near: OrderedDict[str, tuple[float, dict[str, Reach]]] = OrderedDict()


@cache
def _digest(labels: frozenset[str]) -> str:
    """Return a digest of the rights that exist, so that a new version of the software starts afresh."""
    return hashlib.sha256("\n".join(sorted(known_permissions(labels))).encode()).hexdigest()[:16]


def key_of(member: Member, role_epoch: UUID | None, day: date) -> str:
    """Return the key of a member's rights as they are now."""
    return f"access:{member.pk}:{member.epoch}:{int(member.is_owner)}:{role_epoch}:{_digest(current().modules)}:{day}"


def load(key: str) -> dict[str, Reach] | None:
    """Return what is kept under `key`, None when there is nothing or Valkey does not answer."""
    name = tenant_cache.key_of(key)
    near = _near.get(name)
    if near and near[0] > time.monotonic():
        return near[1]
    kept = tenant_cache.fetch(key)
    if kept is None:
        return None
    rights = _unpacked(kept)
    _near[name] = (time.monotonic() + NEAR_LIFETIME, rights)
    if len(_near) > KEPT:
        with suppress(KeyError):  # another thread was as quick
            _near.popitem(last=False)
    return rights


def keep(key: str, rights: Mapping[str, Reach]) -> Mapping[str, Reach]:
    """Keep rights under `key` and return them."""
    tenant_cache.keep(key, _packed(rights), seconds=LIFETIME)
    return rights


def _packed(rights: Mapping[str, Reach]) -> list[dict]:
    """Return each different reach once, with the rights that go so far."""
    by_reach: dict[Reach, list[str]] = {}
    for code, reach in rights.items():
        by_reach.setdefault(reach, []).append(code)
    return [
        {
            "everything": reach.everything,
            "own": reach.own,
            "units": [str(each) for each in reach.units],
            "companies": [str(each) for each in reach.companies],
            "rights": codes,
        }
        for reach, codes in by_reach.items()
    ]


def _unpacked(kept: list[dict]) -> dict[str, Reach]:
    rights: dict[str, Reach] = {}
    for row in kept:
        reach = Reach(row["everything"], row["own"], frozenset(map(UUID, row["units"])), frozenset(map(UUID, row["companies"])))
        rights.update(dict.fromkeys(row["rights"], reach))
    return rights
