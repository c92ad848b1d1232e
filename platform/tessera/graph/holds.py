"""The hold that a document waits on, as a mutation shows it."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from tessera.lineage.models import TransitionHold
from tessera.lineage.services import waiting_hold


@dataclass(frozen=True)
class Hold:
    """A change of state that waits for approval; it happens by itself once that is given."""

    id: UUID
    state: TransitionHold.State
    target: str
    reason: str


def hold_of(row: Any) -> Hold | None:
    """Return the hold that a document waits on, if any."""
    if not hasattr(row, "MOVES"):
        return None
    found = waiting_hold(row.pk)
    return Hold(found.pk, TransitionHold.State(found.state), found.target, found.reason) if found else None
