"""Every right there is: those that manifests declare and those that follow from resources.

A resource brings its generic verbs (`orders.quote_view`, `_create`, `_update`, `_delete`), so a
manifest only lists what is special. Roles may use patterns: `orders.*`, `base.*_view`.
"""

from fnmatch import fnmatchcase
from functools import cache
from typing import Any

from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from tessera.module import Permission, modules
from tessera.resource import REPORTS, RESOURCES

_VERBS = {
    "view": _("View {title}"),
    "create": _("Create {title}"),
    "update": _("Change {title}"),
    "delete": _("Delete {title}"),
}
KERNEL_PERMISSIONS: list[Permission] = []


def permissions_of(label: str) -> dict[str, Any]:
    """Return the rights of a module (or of a kernel app) with their titles, by code."""
    module = modules().get(label)
    declared = module.permissions if module else [p for p in KERNEL_PERMISSIONS if p.code.startswith(f"{label}.")]
    found: dict[str, Any] = {permission.code: permission.title for permission in declared}
    for resource in RESOURCES.values():
        if resource.module != label:
            continue
        for verb in resource.verbs:
            found.setdefault(resource.permission(verb), format_lazy(str(_VERBS[verb]), title=resource.title))
        for service in (resource.create, resource.update, resource.delete, *(a.service for a in resource.actions)):
            if code := getattr(service, "permission", ""):
                found.setdefault(code, code)
        for code in resource.field_rights.values():
            found.setdefault(code, code)
    for report in REPORTS.values():
        if report.module == label and report.permission:
            found.setdefault(report.permission, report.permission)
    return found


def all_permissions(labels: frozenset[str] | None = None) -> dict[str, Any]:
    """Return every right of the given modules (all, by default) and of the kernel."""
    known = modules()
    own = {r.module for r in RESOURCES.values()} | {p.code.partition(".")[0] for p in KERNEL_PERMISSIONS}
    wanted = [*sorted(own - known.keys()), *(label for label in known if labels is None or label in labels)]
    return {code: title for label in wanted for code, title in permissions_of(label).items()}


@cache
def known_permissions(labels: frozenset[str]) -> frozenset[str]:
    """Return the codes of all rights that exist where the modules `labels` are on; computed once per process."""
    return frozenset(all_permissions(labels))


def expand(patterns: tuple[str, ...], labels: frozenset[str] | None = None) -> frozenset[str]:
    """Return the rights that a role's patterns stand for; an exact code of an absent module stays out."""
    known = known_permissions(frozenset(modules()) if labels is None else labels)
    return frozenset(code for code in known for pattern in patterns if fnmatchcase(code, pattern))
