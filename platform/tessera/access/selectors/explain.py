"""Say which role lets a member do a thing, how far, or why nothing does."""

from dataclasses import dataclass
from uuid import UUID

from django.utils.translation import gettext as _

from tessera.access.models import Member, Role, RolePermission
from tessera.access.scopes import scope_of
from tessera.access.selectors.rights import Grant, grants, union
from tessera.context import current
from tessera.errors import ApiError, Code, Forbidden, NotFound
from tessera.module import modules
from tessera.permissions import known_permissions
from tessera.resource import RESOURCES, resources
from tessera.wording import listed

OTHERS = "access.role_manage"


@dataclass(frozen=True)
class GrantReason:
    """One reason for a right: the role, how far it goes, and the unit or company it was given for."""

    role: str
    role_title: str
    reach: str
    units: list[UUID]
    companies: list[UUID]
    only_in_unit: UUID | None
    only_in_company: UUID | None


@dataclass(frozen=True)
class AccessAnswer:
    """Whether a member holds a right: the reasons when it does, `why_not` when it does not."""

    permission: str
    granted: bool
    everything: bool
    own: bool
    units: list[UUID]
    companies: list[UUID]
    reasons: list[GrantReason]
    why_not: str


def explain_access(
    *,
    member: UUID | None = None,
    permission: str | None = None,
    resource: str | None = None,
    verb: str | None = None,
    field: str | None = None,
) -> AccessAnswer:
    """Explain a right of a member (default: the caller), asked for in one of three ways.

    By `permission`; by `resource` and `verb` (view, create, update, delete or an action's); or by
    `resource` and `field`, for the right to see that field. Explaining another member needs the
    right to manage roles.
    """
    asked = _member(member)
    code = _code(permission, resource, verb, field)
    found = [grant for grant in _grants(asked) if grant.permission == code]
    actor = current().actor
    carried = asked.pk != actor.member_id or actor.may(code)  # a token may hold less than its member
    reach = union(found).get(code)
    return AccessAnswer(
        permission=code,
        granted=bool(found) and carried,
        everything=bool(reach and reach.everything),
        own=bool(reach and reach.own),
        units=sorted(reach.units) if reach else [],
        companies=sorted(reach.companies) if reach else [],
        reasons=[_reason(grant) for grant in found],
        why_not=_why_not(asked, code) if not found else "" if carried else _not_carried(code),
    )


def _member(member: UUID | None) -> Member:
    actor = current().actor
    wanted = member or actor.member_id
    if wanted is None:
        raise ApiError(Code.UNAUTHENTICATED, "Nobody is signed in.")
    if wanted != actor.member_id and not actor.may(OTHERS):
        raise Forbidden(OTHERS)
    found = Member.objects.filter(pk=wanted).first()
    if found is None:
        raise NotFound
    return found


def _grants(member: Member) -> list[Grant]:
    return list(grants(member)) if member.state == Member.State.ACTIVE else []


def _code(permission: str | None, resource: str | None, verb: str | None, field: str | None) -> str:
    """Return the code that is asked about; a field without a right of its own is seen with the row."""
    if permission and not (resource or verb or field):
        return permission
    if permission or not resource or bool(verb) == bool(field):
        raise ApiError(Code.BAD_INPUT, "Ask by permission, by resource and verb, or by resource and field.", field=["permission"])
    found = RESOURCES.get(resource)
    if found is None or found not in resources(current().modules):
        raise ApiError(Code.BAD_INPUT, f"There is no resource {resource}.", field=["resource"])
    if field:
        if field not in (*found.fields, *(each.name for each in found.computed)):
            raise ApiError(Code.BAD_INPUT, f"{resource} has no field {field}.", field=["field"])
        return found.field_rights.get(field) or found.permission("view")
    for action in found.actions:
        if action.verb == verb:
            return action.service.permission  # type: ignore[attr-defined]
    own = getattr(found, str(verb), None) if verb in ("create", "update", "delete") else None
    if callable(own):
        return own.permission
    if verb in found.verbs:
        return found.permission(str(verb))
    raise ApiError(Code.BAD_INPUT, f"{resource} has no verb {verb}.", field=["verb"])


def _reason(grant: Grant) -> GrantReason:
    role, given = grant.role, grant.assignment
    return GrantReason(
        role=role.name if role else "owner",
        role_title=role.title if role else _("Owner of the tenant"),
        reach=str(grant.kind),
        units=sorted(grant.reach.units),
        companies=sorted(grant.reach.companies),
        only_in_unit=given.unit if given else None,
        only_in_company=given.company if given else None,
    )


def _not_carried(code: str) -> str:
    """Say what the token in use lacks for a right that its member holds."""
    if not current().actor.app:
        return _("The token in use does not carry this right.")
    if scope := scope_of(code):
        return _("The app in use was not given the scope {scope}.").format(scope=scope)
    return _("No app is given this right.")


def _why_not(member: Member, code: str) -> str:
    if member.state != Member.State.ACTIVE:
        return _("{name} is not an active member.").format(name=member.name)
    if code not in known_permissions(current().modules):
        label = code.partition(".")[0]
        if label in modules() and label not in current().modules:
            return _("The module {module} is off.").format(module=label)
        return _("There is no right {permission}.").format(permission=code)
    roles = Role.objects.filter(pk__in=RolePermission.objects.filter(permission=code).values("role")).order_by("title")
    titles = [role.title for role in roles]
    if not titles:
        return _("No role but the administrator's holds this right.")
    return _("{name} has none of the roles that hold this right: {roles}.").format(name=member.name, roles=listed(titles))
