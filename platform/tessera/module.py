"""The contract of a module: a Django app whose AppConfig is its manifest.

A module is found through the entry point group `tessera.modules`, declares what it needs,
and is off in every tenant until the tenant switches it on. Its parts are found by name
(`PARTS`); nothing is registered by hand.
"""

import re
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cache
from graphlib import CycleError, TopologicalSorter
from importlib import import_module
from importlib.metadata import entry_points
from importlib.util import find_spec
from typing import Any

from django.apps import AppConfig, apps
from django.core.exceptions import ImproperlyConfigured
from packaging.specifiers import InvalidSpecifier, SpecifierSet

PLATFORM_VERSION = "0.1.0"
ENTRY_POINTS = "tessera.modules"
PARTS = ("ports", "events", "handlers", "resources", "tasks")
VENDOR = re.compile(r"[a-z][a-z0-9]{1,19}")


@dataclass(frozen=True, slots=True)
class Permission:
    """A right that a role can hold, named `<module>.<noun>_<verb>`."""

    code: str
    title: Any


@dataclass(frozen=True, slots=True)
class MenuItem:
    """A link of the console to a resource's list (or a page), shown to holders of `permission`."""

    title: Any
    resource: str
    permission: str = ""


@dataclass(frozen=True, slots=True)
class Role:
    """A set of rights proposed to a new tenant.

    `reach` is how far its rights go over rows: "own", "unit" (and below), "company" or "all".
    """

    title: Any
    permissions: tuple[str, ...]
    reach: str = "all"


@dataclass(frozen=True, slots=True)
class ModulePrice:
    """What a tenant pays for a module a month, or at once for a year (ten months where `year` is None), without tax."""

    month: Decimal
    currency: str
    year: Decimal | None = None


class Module(AppConfig):
    """One installable business module; subclass it in the package's `apps.py`."""

    default_auto_field = "django.db.models.BigAutoField"
    title: Any = ""
    version: str = "0"
    platform: str = ">=0"
    depends: tuple[str, ...] = ()
    permissions: tuple[Permission, ...] = ()
    roles: dict[str, Role] = {}
    menu: tuple[MenuItem, ...] = ()
    settings: type | None = None
    quotas: tuple[Any, ...] = ()
    price: tuple[ModulePrice, ...] = ()  # one for each currency that it is sold in; none: nobody pays for it alone
    vendor: str = ""  # the registered prefix of the partner who made it; empty: it is ours
    always_on: bool = False

    @property
    def is_bundle(self) -> bool:
        """Say whether the module only names parts and has no tables of its own."""
        return bool(self.depends) and not any(True for _ in self.get_models())

    def ready(self) -> None:
        for part in PARTS:
            if find_spec(f"{self.name}.{part}"):
                import_module(f"{self.name}.{part}")

    def on_enable(self, tenant: Any) -> None:
        """Seed the tenant's schema; runs inside it, in the transaction of the enabling."""

    def on_disable(self, tenant: Any) -> None:
        """Stop what runs in the background; the data stays byte for byte."""

    def on_upgrade(self, tenant: Any, previous: str) -> None:
        """Move the tenant's data on from the version `previous`."""

    def on_purge(self, tenant: Any) -> None:
        """Let go of what lives outside the module's own tables; refuse by raising."""

    def purgeable_from(self, tenant: Any) -> date | None:
        """Return the day from which the law lets go of what the module holds, None where it asks nothing.

        Before it, a purge wants the archive confirmed. Runs inside the tenant, while the module is off.
        """
        return None


def installed_module_apps() -> list[str]:
    """Return the dotted AppConfig paths of all installed modules, for INSTALLED_APPS."""
    found = {point.name: point.value.replace(":", ".") for point in entry_points(group=ENTRY_POINTS)}
    return [found[name] for name in sorted(found)]


def problems_of(found: dict[str, Module]) -> list[str]:
    """Return everything that is wrong with a set of manifests, one sentence each."""
    problems = []
    for label, module in found.items():
        for missing in sorted(set(module.depends) - found.keys()):
            problems.append(f"{label} depends on {missing}, which is not installed")
        codes = [permission.code for permission in module.permissions]
        for code in codes:
            if not code.startswith(f"{label}."):
                problems.append(f"{label} declares the permission {code} without its label as prefix")
        for code in sorted({code for code in codes if codes.count(code) > 1}):
            problems.append(f"{label} declares the permission {code} twice")
        try:
            if PLATFORM_VERSION not in SpecifierSet(module.platform):
                problems.append(f"{label} needs platform {module.platform}, this is {PLATFORM_VERSION}")
        except InvalidSpecifier:
            problems.append(f"{label} states the platform {module.platform!r}, which is no version range")
        if not isinstance(module.price, tuple) or not all(isinstance(price, ModulePrice) for price in module.price):
            problems.append(f"{label} states a price that is no tuple of ModulePrice")
        if module.vendor and not VENDOR.fullmatch(module.vendor):
            problems.append(f"{label} states the vendor {module.vendor!r}: 2 to 20 small letters and digits, a letter first")
        if not module.title:
            problems.append(f"{label} has no title")
    names = [module.name for module in found.values()]
    problems += [f"two modules share the package {name}" for name in sorted({n for n in names if names.count(n) > 1})]
    try:
        tuple(TopologicalSorter({label: set(m.depends) for label, m in found.items()}).static_order())
    except CycleError as error:
        problems.append("modules depend on each other in a circle: " + " -> ".join(error.args[1]))
    return problems


@cache
def modules() -> dict[str, Module]:
    """Return the installed modules by label, each after those it depends on."""
    found = {app.label: app for app in apps.get_app_configs() if isinstance(app, Module)}
    if problems := problems_of(found):
        raise ImproperlyConfigured("; ".join(problems))
    order = TopologicalSorter({label: sorted(found[label].depends) for label in sorted(found)})
    return {label: found[label] for label in order.static_order()}


def closure(labels: Any) -> frozenset[str]:
    """Return `labels` with all that they depend on and what is always on."""
    known = modules()
    wanted = [*labels, *(label for label, module in known.items() if module.always_on)]
    seen: set[str] = set()
    while wanted:
        label = wanted.pop()
        if label not in known:
            raise LookupError(label)
        if label not in seen:
            seen.add(label)
            wanted.extend(known[label].depends)
    return frozenset(seen)


def module_of(thing: Any) -> str | None:
    """Return the label of the module that owns a function or class, None for the kernel's own."""
    found = apps.get_containing_app_config(thing.__module__)
    return found.label if isinstance(found, Module) else None
