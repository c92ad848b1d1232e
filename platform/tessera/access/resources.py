"""What the API shows of members, their rights and their devices; a token's hash is no field of anything."""

from django.utils.translation import gettext_lazy as _

from tessera.access import selectors, services
from tessera.access.models import AccessToken, Invitation, Member, Role, RoleAssignment, RolePermission
from tessera.graph.usage import deprecated_use
from tessera.resource import Action, Children, Form, List, Mutation, Report, Resource, RowScope, Under

Resource(
    model=Member,
    fields=("name", "email", "language", "state", "is_owner", "version", "created_at", "updated_at"),
    writable=("name", "language"),
    update=True,
    filters=("state", "email", "is_owner"),
    order=("name", "email", "created_at"),
    search=("name", "email"),
    actions=(
        Action("invite", services.invite_member, _("Invite")),
        Action("deactivate", services.deactivate_member, _("Deactivate"), states=("active", "invited")),
        Action("sign_out", services.sign_out_member, _("Sign out everywhere"), states=("active",)),
        Action("make_owner", services.transfer_ownership, _("Hand over the ownership"), states=("active",)),
        Action("assign_role", services.assign_role, _("Give a role")),
    ),
    views=(List(("name", "email", "state")), Form(((_("Member"), ("name", "email", "language", "state")),))),
    scope=RowScope(owner="id"),
)

Resource(
    model=Role,
    fields=("name", "title", "module", "is_custom", "version", "created_at", "updated_at"),
    writable=("title",),
    create=services.create_role,
    update=True,
    delete=services.delete_role,
    filters=("name", "module", "is_custom"),
    order=("title", "name"),
    search=("title", "name"),
    children=(Children("permissions", RolePermission, "role"), Children("assignments", RoleAssignment, "role")),
    actions=(Action("set_permissions", services.set_role_permissions, _("Set the rights")),),
    views=(List(("title", "module", "is_custom")), Form(((_("Role"), ("title", "name", "module")),))),
)

Resource(model=RolePermission, fields=("role", "permission", "reach"), filters=("permission", "reach"), order=("permission",))

Resource(
    model=RoleAssignment,
    fields=("member", "role", "unit", "company", "version", "created_at", "updated_at"),
    create=services.assign_role,
    delete=services.unassign_role,
    filters=("member", "role", "unit", "company"),
    under=(Under("access.Member", "roles", "member"),),
    scope=RowScope(owner="member"),
)

Resource(
    model=AccessToken,
    fields=(
        *("member", "kind", "name", "prefix", "scopes", "expires_at", "revoked_at", "last_used_at", "version", "created_at"),
        *("place", "app", "app_name", "platform", "renewable_until", "push_service"),
    ),
    filters=("member", "kind", "app", "platform", "expires_at", "revoked_at", "renewable_until"),
    order=("created_at", "expires_at", "last_used_at"),
    search=("name",),
    actions=(
        Action("issue", services.issue_token, _("New personal token")),
        Action("issue_key", services.issue_api_key, _("New API key")),
        Action("revoke", services.revoke_token, _("Revoke")),
    ),
    views=(List(("name", "kind", "prefix", "expires_at", "last_used_at")),),
    under=(Under("access.Member", "access_tokens", "member"),),
    scope=RowScope(owner="member"),
)

Resource(
    model=Invitation,
    fields=("member", "email", "language", "expires_at", "accepted_at", "withdrawn_at", "version", "created_at"),
    filters=("email", "accepted_at", "withdrawn_at"),
    order=("created_at", "expires_at"),
    search=("email",),
    actions=(
        Action("resend", services.resend_invitation, _("Send again")),
        Action("withdraw", services.withdraw_invitation, _("Withdraw")),
    ),
    views=(List(("email", "expires_at", "accepted_at")),),
    under=(Under("access.Member", "invitations", "member"),),
    scope=RowScope(owner="member"),
)

Mutation(name="device_push_token_set", service=services.set_push_token)
Report(name="me", selector=selectors.me, permission="")
Report(name="explainAccess", selector=selectors.explain_access, permission="")
Report(name="deprecatedUse", selector=deprecated_use, permission="access.api_explore")
