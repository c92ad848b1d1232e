"""How often what is deprecated is still asked for, by app and day, so that it can leave once nobody does."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta

from django.utils import timezone

from tessera.context import current_or_none
from tessera.errors import ApiError, Code
from tessera.tenant_cache import count, counts

KEPT_DAYS = 400


@dataclass(frozen=True)
class DeprecatedUse:
    """A deprecated place (`Party.code`), the client id of an app that asked for it ("" for people's sessions and tokens), and how often."""

    place: str
    app: str
    requests: int


def note_uses(places: Iterable[str]) -> None:
    """Count a request that asks for these places; outside a tenant nothing is counted."""
    if context := current_or_none():
        kept = timedelta(days=KEPT_DAYS)
        count(_day(0), [f"{place} {context.actor.app}" for place in places], seconds=int(kept.total_seconds()))


def deprecated_use(*, days: int = 30) -> list[DeprecatedUse]:
    """What of the API is deprecated and was asked for in the last days, today included, most asked first."""
    if not 1 <= days <= KEPT_DAYS:
        raise ApiError(Code.BAD_INPUT, f"Ask for 1 to {KEPT_DAYS} days.", field=["days"])
    total = Counter[str]()
    for ago in range(days):
        total.update(counts(_day(ago)))
    asked = ((use.partition(" "), requests) for use, requests in total.most_common())
    return [DeprecatedUse(place, app, requests) for (place, _blank, app), requests in asked]


def _day(ago: int) -> str:
    return f"deprecated:{timezone.now().date() - timedelta(days=ago)}"
