"""The import contract of modules, read from their manifests: nothing is listed twice.

A module may import `tessera.api`, the manifest classes of `tessera.module`, itself, and the `api`
of the modules in its `depends`. Its tests may also use `tessera.testing`, any kernel internals and `tenants`,
and the `api` and test factories of what it depends on.
"""

import ast
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from grimp import ImportGraph
from importlinter import Contract, ContractCheck, output
from importlinter.domain.fields import ListField, StringField

KERNEL = ("tessera.api", "tessera.module")
OF_MIGRATIONS = ("tessera.fields", "tessera.models", "tessera.ordering", "tessera.search.expressions")  # what Django writes there


def manifests(package: str) -> dict[str, tuple[str, tuple[str, ...]]]:
    """Return label -> (package, depends) of every manifest below `package`, read without importing it."""
    spec = find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise LookupError(package)
    root = Path(next(iter(spec.submodule_search_locations)))
    found = {}
    for file in sorted(root.rglob("apps.py")):
        values: dict[str, object] = {}
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Assign):
                for target in node.targets:
                    values |= _assigned(target, node.value)
        if isinstance(values.get("label"), str) and isinstance(values.get("name"), str):
            depends = values.get("depends", ())
            found[values["label"]] = (values["name"], tuple(depends) if isinstance(depends, tuple) else ())
    return found  # type: ignore[return-value]


def _assigned(target: ast.expr, value: ast.expr) -> dict[str, object]:
    if isinstance(target, ast.Name):
        try:
            return {target.id: ast.literal_eval(value)}
        except ValueError:
            return {}
    if isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple):
        pairs = (_assigned(name, item) for name, item in zip(target.elts, value.elts, strict=True))
        return {name: found for pair in pairs for name, found in pair.items()}
    return {}


def is_test(module: str) -> bool:
    """Say whether a module is part of a `tests` package."""
    return ".tests" in module


def may_import(importer: str, imported: str, owner: str, allowed: list[str], roots: list[str]) -> bool:
    """Say whether a part of the package `owner` may import something.

    `allowed` are the packages that it depends on, `roots` those of all modules, longest first.
    """
    target = next((root for root in roots if imported == root or imported.startswith(root + ".")), None)
    if target == owner or (target is None and not imported.startswith(("tessera", "tenants", "billing", "frontend_api"))):
        return True
    if target is not None:
        return target in allowed and (imported == f"{target}.api" or is_test(importer))
    if ".migrations." in importer and imported in OF_MIGRATIONS:
        return True
    return imported in KERNEL or (is_test(importer) and imported.startswith(("tessera", "tenants")))


class ModulesByManifest(Contract):
    """Check the imports of every module against its `depends`."""

    type_name = "modules_by_manifest"
    packages: Any = ListField(subfield=StringField(), required=False, default=["modules"])

    def check(self, graph: ImportGraph, verbose: bool) -> ContractCheck:
        known = {label: found for package in list(self.packages) for label, found in manifests(str(package)).items()}
        roots = sorted((package for package, _ in known.values()), key=len, reverse=True)
        wrong = []
        for importer in sorted(graph.modules):
            owner = next((root for root in roots if importer == root or importer.startswith(root + ".")), None)
            if owner is None:
                continue
            depends = next(depends for package, depends in known.values() if package == owner)
            allowed = [known[label][0] for label in depends if label in known]
            for imported in sorted(graph.find_modules_directly_imported_by(importer)):
                if not may_import(importer, imported, owner, allowed, roots):
                    wrong.append((importer, imported))
        return ContractCheck(kept=not wrong, metadata={"wrong": wrong})

    def render_broken_contract(self, check: ContractCheck) -> None:
        for importer, imported in check.metadata["wrong"]:
            output.print_error(f"{importer} may not import {imported}")
