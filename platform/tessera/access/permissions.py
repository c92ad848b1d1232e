"""The rights to manage members and their rights."""

from django.utils.translation import gettext_lazy as _

from tessera.module import Permission
from tessera.permissions import KERNEL_PERMISSIONS

KERNEL_PERMISSIONS += [
    Permission("access.member_invite", _("Invite members")),
    Permission("access.member_deactivate", _("Deactivate and reactivate members")),
    Permission("access.role_manage", _("Make roles and give them to members")),
    Permission("access.token_issue", _("Issue tokens for oneself")),
    Permission("access.token_revoke", _("Revoke tokens")),
    Permission("access.api_key_issue", _("Issue API keys")),
    Permission("access.app_manage", _("Register apps of partners")),
    Permission("access.push_token_set", _("Receive notifications on one's devices")),
    Permission("access.api_explore", _("Explore the API's schema")),
]
