"""Manifests: names, rights, roles and menus that mean something."""

import ast
import re
from collections.abc import Iterator
from fnmatch import fnmatchcase

from tessera.module import modules, problems_of
from tessera.permissions import all_permissions
from tessera.resource import RESOURCES
from tessera.testing.contract.parts import Part, check

CODE = re.compile(r"[a-z][a-z0-9_]*\.[a-z0-9]+(_[a-z0-9]+)+")
VERSION = re.compile(r"\d+(\.\d+)*")
REACHES = ("own", "unit", "company", "all")


@check
def manifest_is_valid(part: Part) -> Iterator[str]:
    """A manifest names what is installed, and carries a title, a version and a platform that fits."""
    yield from problems_of({**modules(), part.label: part.module})
    if not VERSION.fullmatch(part.module.version) or part.module.version == "0":
        yield f"the version {part.module.version!r} is no version"
    if not re.fullmatch(r"[a-z][a-z0-9_]*", part.label):
        yield f"the label {part.label!r} is no lower case name"
    if not (part.module.__doc__ or "").strip() or part.module.__class__.__doc__ is None:
        yield "the manifest has no docstring that says what the module is for"


@check
def permissions_are_named(part: Part) -> Iterator[str]:
    """A permission is named `<module>.<noun>_<verb>`."""
    for permission in part.module.permissions:
        if not CODE.fullmatch(permission.code):
            yield f"{permission.code} is not <module>.<noun>_<verb>"


@check
def permissions_are_demanded(part: Part) -> Iterator[str]:
    """Every permission that is declared is demanded somewhere."""
    demanded = demanded_by(part)
    for permission in part.module.permissions:
        if permission.code not in demanded:
            yield f"{permission.code} is declared, but nothing demands it"


@check
def demanded_permissions_are_declared(part: Part) -> Iterator[str]:
    """What a service, report, import or field demands is declared, by the manifest or by a resource's verb."""
    declared = {permission.code for permission in part.module.permissions}
    generic = {found.permission(verb) for found in RESOURCES.values() for verb in found.verbs}
    elsewhere = {p.code for label in part.closure - {part.label} for p in modules()[label].permissions}
    for code in sorted(asked_by(part) - declared - generic - elsewhere):
        yield f"{code} is demanded, but neither the manifest nor a dependency declares it"


@check
def roles_name_rights(part: Part) -> Iterator[str]:
    """Each pattern of a role stands for a right of the module or of what it depends on."""
    known = all_permissions(part.closure)
    for name, role in part.module.roles.items():
        if role.reach not in REACHES:
            yield f"role {name}: {role.reach!r} is no reach"
        for pattern in role.permissions:
            if not any(fnmatchcase(code, pattern) for code in known):
                yield f"role {name}: {pattern} stands for no right"


@check
def menu_leads_somewhere(part: Part) -> Iterator[str]:
    """Each menu item names a resource of the module's closure, and a right that exists."""
    known = all_permissions(part.closure)
    for item in part.module.menu:
        found = RESOURCES.get(item.resource)
        if found is None or found.module not in part.closure:
            yield f"menu {item.title}: there is no resource {item.resource}"
        if item.permission and item.permission not in known:
            yield f"menu {item.title}: there is no right {item.permission}"


def asked_by(part: Part) -> set[str]:
    """Return the rights that services, reports, imports and field rights name."""
    asked = {getattr(service, "permission", "") for service in part.services}
    asked |= {report.permission for report in part.reports} | {importer.permission for importer in part.importers}
    asked |= {code for resource in part.resources for code in resource.field_rights.values()}
    return asked - {""}


def demanded_by(part: Part) -> set[str]:
    """Return all rights that something asks for: also generic verbs, and codes that are spelled in the code."""
    generic = {resource.permission(verb) for resource in part.resources for verb in resource.verbs}
    spelled = {
        node.value
        for source in part.code
        if source.path != "apps.py"
        for node in ast.walk(source.tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    return asked_by(part) | generic | spelled
