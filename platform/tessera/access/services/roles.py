"""Make roles, give them, take them; nobody hands out more than they hold."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from uuid import UUID

from django.utils.text import slugify
from django.utils.translation import gettext as _
from django.utils.translation import override

from tessera.access.models import AccessState, Member, Role, RoleAssignment, RolePermission
from tessera.access.models.roles import ADMIN, MEMBER
from tessera.access.selectors.rights import Reaches, contains
from tessera.context import EVERYTHING, Reach, current
from tessera.errors import Problem, Refused
from tessera.fields import new_id
from tessera.module import Module
from tessera.permissions import expand, known_permissions
from tessera.service import service

EVERYONES = {
    "access.member_view": "all",
    "access.member_update": "own",
    "access.access_token_view": "own",
    "access.token_issue": "own",
    "access.token_revoke": "own",
    "files.file_upload_create": "own",
    "files.file_upload_view": "own",
    "access.push_token_set": "own",
}


@dataclass(frozen=True, kw_only=True)
class RoleRight:
    """A right in a role: its code, and its reach (own, unit, company or all)."""

    permission: str
    reach: str = "all"


def rights_changed() -> None:
    """Make everything stale that was computed of anybody's rights; writes to roles and places do it by themselves."""
    if not AccessState.objects.update_unaudited(epoch=new_id()):
        AccessState().save()


def ensure_platform_roles() -> tuple[Role, Role]:
    """Return the platform's roles `admin` and `member`, made the first time and kept up to date while nobody changed them."""
    wanted = {ADMIN: (_("Administrator"), {}), MEMBER: (_("Member"), EVERYONES)}
    roles = {role.name: role for role in Role.objects.filter(name__in=list(wanted), module="")}
    for name, (title, _rights) in wanted.items():
        if name not in roles:
            roles[name] = Role(name=name, title=title, module="")
            roles[name].save()
    _write_rights({roles[name]: rights for name, (_title, rights) in wanted.items() if not roles[name].is_custom})
    return roles[ADMIN], roles[MEMBER]


def _write_rights(wanted: Mapping[Role, Mapping[str, str]]) -> None:
    """Give each role just its rights (code to reach), touching only what differs."""
    present: dict[Role, set[str]] = {role: set() for role in wanted}
    for kept in RolePermission.objects.filter(role__in=list(wanted)).select_related("role"):
        reach = wanted[kept.role].get(kept.permission)
        if reach is None:
            kept.delete()
            continue
        if kept.reach != reach:
            kept.reach = reach
            kept.save()
        present[kept.role].add(kept.permission)
    RolePermission.objects.bulk_create(
        RolePermission(role=role, permission=code, reach=reach)
        for role, rights in wanted.items()
        for code, reach in rights.items()
        if code not in present[role]
    )


@service()
def propose_roles(*, modules: Iterable[Module]) -> list[Role]:
    """Make the roles that modules propose, and bring those that nobody changed up to their versions.

    Patterns stand for the rights of all installed modules; those of a module that is off wait for it.
    """
    ensure_platform_roles()
    proposed = {(module.label, name): role for module in modules for name, role in module.roles.items()}
    labels = {label for label, _name in proposed}
    roles = {(role.module, role.name): role for role in Role.objects.filter(module__in=labels)}
    with override(current().tenant.language):
        made = [Role(name=key[1], module=key[0], title=str(each.title)) for key, each in proposed.items() if key not in roles]
    Role.objects.bulk_create(made)
    roles |= {(role.module, role.name): role for role in made}
    _write_rights(
        {
            roles[key]: dict.fromkeys(sorted(expand(each.permissions)), each.reach)
            for key, each in proposed.items()
            if not roles[key].is_custom
        }
    )
    return [roles[key] for key in proposed]


@service(permission="access.role_manage")
def create_role(*, title: str, name: str = "", permissions: list[RoleRight] | None = None) -> Role:
    """Make a role of the tenant's own; `name` defaults to one made from the title."""
    role = Role(name=name or slugify(title, allow_unicode=True)[:60], title=title, is_custom=True)
    if not role.name:
        raise Refused("REQUIRED", _("A role needs a name."), "name")
    role.save()
    _write_rights({role: _checked(permissions or [])})
    return role


@service(permission="access.role_manage")
def set_role_permissions(*, role: Role, permissions: list[RoleRight]) -> Role:
    """Replace the rights of a role; from then on it is the tenant's own and upgrades leave it alone."""
    if role.is_admin:
        raise Refused("STATE", _("The administrator's role always holds every right."), "role")
    _write_rights({role: _checked(permissions)})
    role.is_custom = True
    role.save()
    return role


@service(permission="access.role_manage")
def delete_role(*, role: Role) -> None:
    """Delete a role of the tenant's own that nobody has."""
    if not role.is_custom or role.module or role.is_admin or role.is_everyones:
        raise Refused("STATE", _("Only a role that was made here can be deleted."), "role")
    if role.assignments.exists():
        raise Refused("IN_USE", _("The role is still given to members."), "role")
    role.delete()


@service(permission="access.role_manage")
def assign_role(*, member: Member, role: Role, unit: UUID | None = None, company: UUID | None = None) -> RoleAssignment:
    """Give a member a role: everywhere, or only in a unit and below, or only in a company."""
    if member.state == Member.State.DEACTIVATED:
        raise Refused("STATE", _("The member is deactivated."), "member")
    if role.is_everyones:
        raise Refused("STATE", _("Every member holds this role already."), "role")
    if unit and company:
        raise Refused("INVALID", _("A role is limited to a unit or to a company, not to both."), "company")
    given = RoleAssignment(member=member, role=role, unit=unit, company=company)
    demand_cover(role, given)
    given.save()
    return given


@service(permission="access.role_manage")
def unassign_role(*, role_assignment: RoleAssignment) -> None:
    """Take a role from a member; what it allowed ends with this transaction."""
    demand_cover(role_assignment.role, role_assignment)
    role_assignment.delete()


def demand_cover(role: Role, given: RoleAssignment | None = None) -> None:
    """Refuse with FORBIDDEN unless the actor holds all that `role` would give, and as far."""
    actor = current().actor
    if actor.is_system or _holds_everything():
        return
    if role.is_admin:
        raise Refused("FORBIDDEN", _("Only an administrator can hand out this role."), "role")
    for right in role.permissions.all():
        if given is not None:
            far = Reaches(given.member).of(right.reach, given)
        else:  # where the member will work is not known yet
            far = Reach(own=True) if right.reach == RolePermission.Reach.OWN else EVERYTHING
        if not contains(actor.reach(right.permission), far):
            raise Refused("FORBIDDEN", too_far(right.permission), "role")


def too_far(permission: str) -> str:
    """Return what is said to whoever would hand out more than it holds."""
    return _("You do not hold the right {permission} so far yourself.").format(permission=permission)


def _holds_everything() -> bool:
    actor = current().actor
    return all(actor.reach(code) == EVERYTHING for code in known_permissions(current().modules))


def _checked(rights: Iterable[RoleRight]) -> dict[str, str]:
    """Return rights as code to reach; refuse unknown, doubled and uncovered ones, each with its place."""
    known, actor, everything = known_permissions(current().modules), current().actor, _holds_everything()
    found: dict[str, str] = {}
    problems = []
    for place, right in enumerate(rights):
        where = ("permissions", str(place))
        if right.permission not in known:
            unknown = _("There is no right {permission}.").format(permission=right.permission)
            problems.append(Problem("NOT_FOUND", unknown, (*where, "permission")))
        elif right.reach not in RolePermission.Reach.values:
            problems.append(Problem("INVALID", _("A reach is own, unit, company or all."), (*where, "reach")))
        elif right.permission in found:
            twice = _("The right {permission} is named twice.").format(permission=right.permission)
            problems.append(Problem("UNIQUE", twice, where))
        elif not (everything or actor.is_system or contains(actor.reach(right.permission), EVERYTHING)):
            problems.append(Problem("FORBIDDEN", too_far(right.permission), where))
        else:
            found[right.permission] = right.reach
    if problems:
        raise Refused.of(problems)
    return found
