"""Code: services are the only writers, files stay small, imports point one way."""

import ast
import inspect
import re
from collections.abc import Iterator
from importlib.util import resolve_name
from typing import Any

from tessera.module import modules
from tessera.resource import parameters_of
from tessera.testing.contract.parts import Part, Source, check
from tessera.testing.imports import may_import
from tessera.testing.lint import findings

LONGEST, LONGEST_TEST = 320, 420
WRITERS = ("services", "handlers", "tasks")
VAGUE = {"utils", "util", "common", "helpers", "helper", "misc", "managers", "signals"}
VERB_NOUN = re.compile(r"[a-z]+(_[a-z0-9]+)+")
WRITES = {"save", "delete", "bulk_create", "create", "get_or_create", "update_or_create", "update_unaudited"}


@check
def services_are_typed_verbs(part: Part) -> Iterator[str]:
    """A service is named verb_noun, takes typed keyword arguments, says what it returns, and has a docstring."""
    for service in part.services:
        function = inspect.unwrap(service)
        name, signature = function.__qualname__, inspect.signature(function)
        if not VERB_NOUN.fullmatch(name):
            yield f"{name} is no verb_noun"
        if not (function.__doc__ or "").strip().partition("\n")[0].endswith((".", "?")):
            yield f"{name} has no docstring whose first line is a sentence"
        for parameter in signature.parameters.values():
            if parameter.kind not in (parameter.KEYWORD_ONLY, parameter.VAR_KEYWORD):
                yield f"{name}: {parameter.name} is not keyword-only"
            if parameter.annotation in (parameter.empty, Any):
                yield f"{name}: {parameter.name} has no type"
        if signature.return_annotation is signature.empty:
            yield f"{name} does not say what it returns"
        try:
            parameters_of(service)
        except (NameError, KeyError) as error:
            yield f"{name}: its annotations cannot be read: {error}"


@check
def only_services_write(part: Part) -> Iterator[str]:
    """Rows are written in services, handlers and tasks, and nowhere else."""
    for source in part.code:
        if source.part in WRITERS:
            continue
        for call in calls_of(source.tree):
            if call.func.attr in WRITES or _updates_rows(call):
                yield f"{source.path}:{call.lineno} calls .{call.func.attr}()"


def calls_of(tree: ast.Module) -> Iterator[Any]:
    """Yield the method calls in a file."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            yield node


def _updates_rows(call: ast.Call) -> bool:
    """Tell a queryset's update, which takes names, from a dict's or set's, which takes another one."""
    return isinstance(call.func, ast.Attribute) and call.func.attr == "update" and bool(call.keywords) and not call.args


@check
def models_only_describe(part: Part) -> Iterator[str]:
    """No model overrides save, delete or a manager, and nothing listens to Django's signals."""
    for source in part.code:
        for node in ast.walk(source.tree):
            if isinstance(node, ast.ClassDef) and source.part == "models":
                for inner in node.body:
                    if isinstance(inner, ast.FunctionDef) and inner.name in ("save", "delete", "save_base", "from_db"):
                        yield f"{source.path}:{inner.lineno} {node.name} overrides {inner.name}()"
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith(
                ("django.db.models.signals", "django.dispatch")
            ):
                yield f"{source.path}:{node.lineno} imports {node.module}"


@check
def files_are_small_and_named(part: Part) -> Iterator[str]:
    """A file has at most 320 lines (a test 420) and a name that says what is in it."""
    for source in part.sources:
        lines = source.text.count("\n")
        if lines > (LONGEST_TEST if source.is_test else LONGEST) and not source.is_migration:
            yield f"{source.path} has {lines} lines"
        if vague := VAGUE.intersection(re.split(r"[/.]", source.path)):
            yield f"{source.path} is named {', '.join(sorted(vague))}, which says nothing"


@check
def imports_follow_the_manifest(part: Part) -> Iterator[str]:
    """The module imports tessera.api, itself, and the api of what it depends on."""
    real = {label: module for label, module in modules().items() if not module.name.startswith("tests.")}
    known = {label: (module.name, module.depends) for label, module in {**real, part.label: part.module}.items()}
    roots = sorted((package for package, _ in known.values()), key=len, reverse=True)
    allowed = [known[label][0] for label in part.module.depends if label in known]
    for source in part.sources:
        importer = ".".join((part.module.name, *source.path.removesuffix(".py").removesuffix("/__init__").split("/")))
        for line, imported in imported_by(source, importer, roots):
            if not may_import(importer, imported, part.module.name, allowed, roots):
                yield f"{source.path}:{line} imports {imported}"


def imported_by(source: Source, importer: str, roots: list[str]) -> Iterator[tuple[int, str]]:
    """Yield the line and the module of each import; of `from package import part` the part, where it may be a module."""
    package = importer if source.path.endswith("__init__.py") else importer.rpartition(".")[0]
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            name = resolve_name("." * node.level + (node.module or ""), package) if node.level else node.module or ""
            if name in roots or name == "tessera":
                yield from ((node.lineno, f"{name}.{alias.name}") for alias in node.names)
            else:
                yield node.lineno, name


@check
def lint_rules_hold(part: Part) -> Iterator[str]:
    """Nothing goes around the gates that carry the tenant, the transaction and exact money."""
    for source in part.code:
        for finding in findings(f"modules/{part.label}/{source.path}", source.text):
            yield f"{source.path}:{finding.line} {finding.rule}: {finding.says}"
