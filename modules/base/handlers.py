"""What base answers when the kernel asks about the organisation."""

from datetime import date
from uuid import UUID

from tessera.api import org_reach, reach_depends_on, units_within

from modules.base import services

reach_depends_on("base.OrgUnit", "base.Assignment", "base.MemberPerson")


@org_reach.answer
def reach_of_member(*, member: UUID, on: date) -> tuple[frozenset[UUID], frozenset[UUID]]:
    return services.reach_of_member(member=member, on=on)


@units_within.answer
def units_of(*, unit: UUID | None, company: UUID | None) -> frozenset[UUID]:
    return services.units_of(unit=unit, company=company)
