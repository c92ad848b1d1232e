"""Who is who, and who may what."""

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from tessera.access.models import Member, Role, RoleAssignment, RolePermission
from tessera.access.models.roles import ADMIN
from tessera.context import current
from tessera.errors import ApiError, Code


@dataclass(frozen=True)
class Me:
    """The caller and what it may do here: `permissions` and `modules` are sorted codes and labels."""

    member: Member
    permissions: list[str]
    modules: list[str]
    tenant: str
    tenant_id: UUID
    language: str


def me() -> Me:
    """Say who the caller is in this tenant; UNAUTHENTICATED for nobody."""
    here = current()
    member = Member.objects.filter(pk=here.actor.member_id).first() if here.actor.member_id else None
    if member is None:
        raise ApiError(Code.UNAUTHENTICATED, "Nobody is signed in.")
    return Me(
        member=member,
        permissions=sorted(here.actor.grants),
        modules=sorted(here.modules),
        tenant=here.tenant.name,
        tenant_id=here.tenant.id,
        language=member.language,
    )


def active_member(*, account_id: UUID) -> Member | None:
    """Return the active member that an account is in this tenant, if any."""
    return Member.objects.filter(account_id=account_id, state=Member.State.ACTIVE).first()


def active_among(*, members: Iterable[UUID]) -> frozenset[UUID]:
    """Return those of the given members who are active."""
    return frozenset(Member.objects.filter(pk__in=list(members), state=Member.State.ACTIVE).values_list("pk", flat=True))


def members_in_role(*, role: str, module: str = "") -> list[Member]:
    """Return the active members who were given a role, by its name, in the order of their ids."""
    found = RoleAssignment.objects.filter(role__name=role, role__module=module).values("member")
    return list(Member.objects.filter(pk__in=found, state=Member.State.ACTIVE).order_by("id"))


def members_holding(*, permission: str) -> list[Member]:
    """Return the active members who hold a right through a role of theirs, however far it reaches."""
    roles = RolePermission.objects.filter(permission=permission).values("role")
    admin = Role.objects.filter(name=ADMIN, module="").values("pk")
    found = RoleAssignment.objects.filter(role__in=roles.union(admin)).values("member")
    active = Member.objects.filter(state=Member.State.ACTIVE)
    return list((active.filter(pk__in=found) | active.filter(is_owner=True)).order_by("id"))


def seats_taken() -> int:
    """Return how many members are active or invited: each has a seat."""
    return Member.objects.filter(state__in=(Member.State.ACTIVE, Member.State.INVITED)).count()
