"""Every right there is: the platform's own, those of the manifests, and the generic ones of resources."""

from functools import cache
from typing import Any

from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from tessera.module import Permission, modules
from tessera.resource import resources

PLATFORM = (
    Permission("access.member_invite", _("Invite members")),
    Permission("access.member_deactivate", _("Deactivate and reactivate members")),
    Permission("access.role_manage", _("Make roles and give them to members")),
    Permission("access.token_issue", _("Issue tokens for oneself")),
    Permission("access.token_revoke", _("Revoke other members' tokens")),
    Permission("access.api_key_issue", _("Issue API keys")),
)
VERBS = {"view": _("view"), "create": _("create"), "update": _("change"), "delete": _("delete")}


def generic_permissions(labels: frozenset[str] | None = None) -> list[Permission]:
    """Return the rights of the generic verbs of all resources of these modules and the platform."""
    return [
        Permission(found.permission(verb), _titled(found.title, VERBS[verb]))
        for found in resources(labels)
        for verb in found.verbs
    ]


def _titled(title: Any, verb: Any) -> Any:
    return format_lazy("{}: {}", title, verb)


@cache
def all_permissions(labels: frozenset[str]) -> dict[str, Permission]:
    """Return every right that exists where the modules `labels` are on, by its code."""
    declared = [each for label, module in modules().items() if label in labels for each in module.permissions]
    return {each.code: each for each in (*PLATFORM, *generic_permissions(labels), *declared)}
