"""From a member to the actor it is: the union of all its roles, computed once per change of anything."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from django.utils import timezone

from tessera.access import cache
from tessera.access.models import AccessState, Member, Role, RoleAssignment, RolePermission
from tessera.access.models.roles import MEMBER
from tessera.access.models.tokens import EVERY_RIGHT
from tessera.access.ports import org_reach, units_within
from tessera.access.scopes import carries
from tessera.context import EVERYTHING, Actor, Reach, current
from tessera.permissions import known_permissions
from tessera.unit_of_work import in_unit


@dataclass(frozen=True)
class Grant:
    """One right that one role gives; `role` is None for the owner of the tenant, who needs none."""

    permission: str
    reach: Reach
    kind: str
    role: Role | None
    assignment: RoleAssignment | None = None


def role_epoch() -> UUID | None:
    """Return the mark of the latest change to anybody's rights in this tenant, None before the first."""
    return AccessState.objects.values_list("epoch", flat=True).first()


def joined(first: Reach, second: Reach) -> Reach:
    """Return the reach of either."""
    if first.everything or second.everything:
        return EVERYTHING
    return Reach(own=first.own or second.own, units=first.units | second.units, companies=first.companies | second.companies)


def contains(outer: Reach | None, inner: Reach) -> bool:
    """Say whether every row that `inner` reaches is surely reached by `outer`."""
    if outer is None:
        return False
    return outer.everything or (
        not inner.everything
        and (outer.own or not inner.own)
        and inner.units <= outer.units
        and inner.companies <= outer.companies
    )


def today() -> datetime:
    """Return the current time where the tenant is."""
    return timezone.now().astimezone(current().tenant.zone)


class Reaches:
    """What the words of a role's right mean for one member, asked of the organisation at most once."""

    def __init__(self, member: Member) -> None:
        self.member = member
        self._mine: tuple[frozenset[UUID], frozenset[UUID]] | None = None

    def mine(self) -> tuple[frozenset[UUID], frozenset[UUID]]:
        if self._mine is None:
            self._mine = org_reach(member=self.member.pk, on=today().date())
        return self._mine

    def of(self, kind: str, assignment: RoleAssignment | None) -> Reach:
        """Return how far a right of this kind goes, given for everywhere, one unit or one company."""
        if kind == RolePermission.Reach.OWN:
            return Reach(own=True)
        if assignment is not None and assignment.unit:
            return Reach(own=True, units=units_within(unit=assignment.unit, company=None))
        if assignment is not None and assignment.company:
            there = units_within(unit=None, company=assignment.company)
            if kind == RolePermission.Reach.UNIT:
                return Reach(own=True, units=self.mine()[0] & there)
            return Reach(own=True, units=there, companies=frozenset({assignment.company}))
        if kind == RolePermission.Reach.ALL:
            return EVERYTHING
        units, companies = self.mine()
        return Reach(own=True, units=units, companies=companies if kind == RolePermission.Reach.COMPANY else frozenset())


def grants(member: Member) -> Iterator[Grant]:
    """Yield every right of an active member with the role it comes from; a right may come several times."""
    known = known_permissions(current().modules)
    reaches = Reaches(member)
    if member.is_owner:
        for code in known:
            yield Grant(code, EVERYTHING, RolePermission.Reach.ALL, None)
    held: list[tuple[Role, RoleAssignment | None]] = [
        (assignment.role, assignment)
        for assignment in RoleAssignment.objects.filter(member=member).select_related("role").order_by("id")
    ]
    held += [(role, None) for role in Role.objects.filter(name=MEMBER, module="")]
    rights: dict[UUID, list[RolePermission]] = {}
    for right in RolePermission.objects.filter(role__in=[role.pk for role, _ in held]).order_by("permission"):
        rights.setdefault(right.role_id, []).append(right)
    for role, assignment in held:
        if role.is_admin:
            reach = reaches.of(RolePermission.Reach.ALL, assignment)
            for code in known:
                yield Grant(code, reach, RolePermission.Reach.ALL, role, assignment)
        else:
            for right in rights.get(role.pk, ()):
                if right.permission in known:
                    yield Grant(right.permission, reaches.of(right.reach, assignment), right.reach, role, assignment)


def union(found: Iterable[Grant]) -> dict[str, Reach]:
    """Return the rights of several grants, each as far as any of them reaches."""
    rights: dict[str, Reach] = {}
    for grant in found:
        before = rights.get(grant.permission)
        rights[grant.permission] = grant.reach if before is None else joined(before, grant.reach)
    return rights


def actor_of(member: Member, *, epoch: UUID | None = None) -> Actor:
    """Return the actor that an active member is; a member who is not active may do nothing.

    Its rights come from Valkey while nothing has changed, and from the database otherwise. `epoch` is
    `role_epoch()` where the caller has just read it with the member.
    """
    rights = _rights_of(member, epoch) if member.state == Member.State.ACTIVE else {}
    return Actor(kind="member", member_id=member.pk, account_id=member.account_id, name=member.name, grants=rights)


def _rights_of(member: Member, epoch: UUID | None) -> Mapping[str, Reach]:
    if in_unit():  # what is not committed yet is not for others
        return union(grants(member))
    key = cache.key_of(member, epoch or role_epoch(), today().date())
    kept = cache.load(key)
    return cache.keep(key, union(grants(member))) if kept is None else kept


def actor_of_member(member_id: UUID) -> Actor:
    """Return the actor of a member by its id, for work that goes on in its name; LookupError if there is none."""
    member = Member.objects.filter(pk=member_id).first()
    if member is None:
        raise LookupError(f"no member {member_id}")
    return actor_of(member)


def restricted(actor: Actor, scopes: Iterable[str], *, app: str = "") -> Actor:
    """Return the actor with no more rights than `scopes` name: codes of rights, or the scopes of an `app`."""
    named = tuple(scopes)
    if not app and EVERY_RIGHT in named:
        return actor
    kept = {code: reach for code, reach in actor.grants.items() if (carries(named, code) if app else code in named)}
    return replace(actor, grants=kept, scopes=named, app=app)
