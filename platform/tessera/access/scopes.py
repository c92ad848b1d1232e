"""What an app may ask for: a small closed list, which names rights by module.

`sales:view` is every right of the module `sales` to see something, `sales:write` every right of it, `company:...` the same for what
the kernel keeps, and `all` whatever the member may. A right that makes what outlives the app is in none of them: credentials, webhooks.
"""

from collections.abc import Collection, Mapping
from typing import Any

from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from tessera.module import modules

ALL, COMPANY = "all", "company"
IDENTITY: Mapping[str, Any] = {
    "openid": _("Know that it is you"),
    "profile": _("See your name"),
    "email": _("See your e-mail address"),
    "offline_access": _("Stay signed in"),
}
NEVER = frozenset({"access.token_issue", "access.api_key_issue", "access.app_manage", "webhooks.subscription_manage"})
ALWAYS = frozenset({"access.push_token_set"})


def scopes_offered() -> dict[str, Any]:
    """Return every scope with its title, in the order in which people are asked."""
    found: dict[str, Any] = dict(IDENTITY)
    found[ALL] = _("Do everything that you may do")
    titles = {COMPANY: _("members, roles and settings")}
    titles |= {label: module.title for label, module in modules().items() if not module.is_bundle}
    for label, title in titles.items():
        found[f"{label}:view"] = format_lazy("{verb}: {title}", verb=_("See"), title=title)
        found[f"{label}:write"] = format_lazy("{verb}: {title}", verb=_("See and change"), title=title)
    return found


def scope_of(permission: str) -> str:
    """Return the narrowest scope that carries a right, "" for a right that no app is given."""
    if permission in NEVER:
        return ""
    label, _dot, verb = permission.partition(".")
    return f"{label if label in modules() else COMPANY}:{'view' if verb.endswith('_view') else 'write'}"


def is_within(scope: str, granted: Collection[str]) -> bool:
    """Say whether a scope is a part of what was granted: named there, or rights of a module in a wider scope."""
    if scope in granted or scope in IDENTITY or scope not in scopes_offered():
        return scope in granted
    return ALL in granted or f"{scope.partition(':')[0]}:write" in granted


def carries(scopes: Collection[str], permission: str) -> bool:
    """Say whether one of `scopes` carries a right."""
    narrowest = scope_of(permission)
    if not narrowest:
        return False
    wider = f"{narrowest.partition(':')[0]}:write"
    return permission in ALWAYS or ALL in scopes or narrowest in scopes or wider in scopes
