"""Every right there is: the platform's own, those of the manifests, and the generic ones of resources."""

import fnmatch
from collections.abc import Iterable
from functools import cache
from typing import Any

from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from tessera.module import Permission, modules
from tessera.resource import resources

KERNEL_PERMISSIONS: list[Permission] = []  # each kernel app adds its own, beside its resources
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
    return {each.code: each for each in (*KERNEL_PERMISSIONS, *generic_permissions(labels), *declared)}


def expand(patterns: Iterable[str]) -> list[str]:
    """Return the codes that a proposed role names, its patterns (`orders.*`, `base.*_view`) written out.

    They are written out over all installed modules, so that a role is complete when another one is
    switched on later; what is not on counts for nothing until then.
    """
    known = sorted(all_permissions(frozenset(modules())))
    found = [code for pattern in patterns for code in (fnmatch.filter(known, pattern) if "*" in pattern else [pattern])]
    return list(dict.fromkeys(found))
