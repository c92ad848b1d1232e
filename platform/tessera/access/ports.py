"""What access asks of whoever knows the organisation; like a Protocol, a question has no body."""

from datetime import date
from uuid import UUID

from tessera.ports import port


@port(owner="base", neutral=lambda **_: (frozenset(), frozenset()))
def org_reach(*, member: UUID, on: date) -> tuple[frozenset[UUID], frozenset[UUID]]:
    """Return the units (each with all below it) and the companies in which a member works on a day."""
    ...


@port(owner="base", neutral=lambda *, unit, company: frozenset({unit} if unit else ()))
def units_within(*, unit: UUID | None, company: UUID | None) -> frozenset[UUID]:
    """Return a unit with all below it, or all units of a company; exactly one of them is given."""
    ...
