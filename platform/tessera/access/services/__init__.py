"""Change who belongs to a tenant and what they may do."""

from tessera.access.services.devices import (
    DeviceOf,
    DeviceSecrets,
    renew_device,
    set_push_token,
    sign_in_device,
    sign_out_app,
    sign_out_device,
)
from tessera.access.services.invitations import (
    InvitationOffer,
    accept_invitation,
    invitation_letter,
    invite_member,
    offered_invitation,
    resend_invitation,
    withdraw_invitation,
)
from tessera.access.services.members import create_owner, deactivate_member, follow_address, sign_out_member, transfer_ownership
from tessera.access.services.roles import (
    RoleRight,
    assign_role,
    create_role,
    delete_role,
    propose_roles,
    rights_changed,
    set_role_permissions,
    unassign_role,
)
from tessera.access.services.tokens import IssuedToken, issue_api_key, issue_token, note_use, revoke_token

__all__ = [
    "DeviceOf",
    "DeviceSecrets",
    "InvitationOffer",
    "IssuedToken",
    "RoleRight",
    "accept_invitation",
    "assign_role",
    "create_owner",
    "create_role",
    "deactivate_member",
    "delete_role",
    "follow_address",
    "invitation_letter",
    "invite_member",
    "issue_api_key",
    "issue_token",
    "note_use",
    "offered_invitation",
    "propose_roles",
    "renew_device",
    "resend_invitation",
    "revoke_token",
    "rights_changed",
    "set_push_token",
    "set_role_permissions",
    "sign_in_device",
    "sign_out_app",
    "sign_out_device",
    "sign_out_member",
    "transfer_ownership",
    "unassign_role",
    "withdraw_invitation",
]
