"""How much a company may use of something: asked where it is used, answered by whoever sells (the settings name them).

Where nobody sells anything there is no limit but that of the settings on storage.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from importlib import import_module
from typing import Protocol, cast
from uuid import UUID

from django.conf import settings

from tessera.context import current


class Meter(StrEnum):
    """What is limited. Seats and storage are held for a time; runs and messages are used up, in a calendar month."""

    SEATS = "seats"  # members that are active or invited
    STORAGE = "storage"  # bytes that all files take
    AUTOMATION_RUNS = "automation_runs"  # approvals that were begun, and bulk operations
    MESSAGES = "messages"  # letters that the company sent to people


@dataclass(frozen=True)
class Limit:
    """How much is included, None without a limit; what is beyond it is refused, or, where it is soft, metered and paid."""

    included: int | None
    is_soft: bool = False


class Quotas(Protocol):
    """Who says how much a company may use."""

    def limits_of(self, tenant: UUID) -> Mapping[str, Limit] | None:
        """Return the limits of a company by meter; what is not in it has none. None where nothing is sold."""


def limit_of(meter: Meter) -> Limit:
    """Return how much of something the company in force may use."""
    found = None
    if settings.TESSERA_QUOTAS:
        found = cast(Quotas, import_module(settings.TESSERA_QUOTAS)).limits_of(current().tenant.id)
    if found is None:
        found = {Meter.STORAGE: Limit(settings.TESSERA_STORAGE_BYTES)}
    return found.get(meter, Limit(None))
