"""A module as the checks look at it, and the list of the checks that need no tenant."""

import ast
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from django.db.models import Model

from tessera.events import EVENTS, HANDLERS, HOOKS
from tessera.exchange.importer import IMPORTERS, Importer
from tessera.module import Module, closure, module_of, modules
from tessera.resource import MUTATIONS, REPORTS, RESOURCES, Mutation, Report, Resource
from tessera.service import SERVICES


@dataclass(frozen=True)
class Source:
    """A Python file of a module: its path inside the package, and what is in it."""

    path: str
    text: str

    @cached_property
    def tree(self) -> ast.Module:
        """Return the parsed file."""
        return ast.parse(self.text)

    @property
    def is_test(self) -> bool:
        return self.path.startswith("tests/")

    @property
    def is_migration(self) -> bool:
        return self.path.startswith("migrations/")

    @property
    def part(self) -> str:
        """Return which part of the module the file belongs to: `services` for `services/parties.py`."""
        return self.path.partition("/")[0].removesuffix(".py")


@dataclass(frozen=True, kw_only=True)
class Part:
    """Everything that belongs to one module."""

    module: Module
    models: tuple[type[Model], ...] = ()
    resources: tuple[Resource, ...] = ()
    reports: tuple[Report, ...] = ()
    mutations: tuple[Mutation, ...] = ()
    importers: tuple[Importer, ...] = ()
    services: tuple[Callable[..., Any], ...] = ()
    events: tuple[Any, ...] = ()
    handlers: tuple[tuple[str, Callable[..., Any]], ...] = ()
    hooks: tuple[tuple[str, Callable[..., Any]], ...] = ()
    sources: tuple[Source, ...] = field(default=(), repr=False)

    @property
    def label(self) -> str:
        return self.module.label

    @property
    def root(self) -> Path:
        return Path(self.module.path)

    @property
    def closure(self) -> frozenset[str]:
        """Return the labels of the module and all that it needs."""
        return closure([self.label])

    @property
    def code(self) -> tuple[Source, ...]:
        """Return the files that run in production."""
        return tuple(source for source in self.sources if not source.is_test and not source.is_migration)


def part_of(label: str) -> Part:
    """Return what belongs to an installed module."""
    module = modules()[label]
    return Part(
        module=module,
        models=tuple(module.get_models()),
        resources=tuple(found for found in RESOURCES.values() if found.module == label),
        reports=tuple(found for found in REPORTS.values() if found.module == label),
        mutations=tuple(found for found in MUTATIONS.values() if found.module == label),
        importers=tuple(found for found in IMPORTERS.values() if found.module == label),
        services=tuple(found for found in SERVICES.values() if module_of(found) == label),
        events=tuple(found for found in EVENTS.values() if module_of(found) == label),
        handlers=_listeners(HANDLERS, label),
        hooks=_listeners(HOOKS, label),
        sources=sources_of(module),
    )


def _listeners(registry: dict[str, list[Callable[..., Any]]], label: str) -> tuple[tuple[str, Callable[..., Any]], ...]:
    return tuple((name, found) for name, listeners in registry.items() for found in listeners if module_of(found) == label)


def sources_of(module: Module) -> tuple[Source, ...]:
    """Return the Python files of a module's package, without those of modules that live inside it."""
    root = Path(module.path)
    inner = [Path(other.path) for other in modules().values() if other is not module and root in Path(other.path).parents]
    files = (file for file in sorted(root.rglob("*.py")) if not any(each in file.parents for each in inner))
    return tuple(Source(file.relative_to(root).as_posix(), file.read_text()) for file in files)


@dataclass(frozen=True)
class Check:
    """One demand on a module: `says` is its sentence, `find` names what does not meet it."""

    name: str
    says: str
    find: Callable[[Part], Iterable[str]]

    def __str__(self) -> str:
        return self.name


CHECKS: list[Check] = []


def check(function: Callable[[Part], Iterable[str]]) -> Callable[[Part], Iterable[str]]:
    """Add a function to the checks that need no tenant."""
    CHECKS.append(as_check(function))
    return function


def as_check(function: Callable[[Part], Iterable[str]]) -> Check:
    """Make a check of a function; its docstring is the demand."""
    return Check(function.__name__, (function.__doc__ or "").strip().partition("\n")[0], function)
