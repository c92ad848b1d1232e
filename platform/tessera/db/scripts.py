"""What the migrations of an app do to a schema, as data: recorded once, replayed in every tenant.

A `Script` stands for one migration. Its steps are batches of SQL without a schema name, and
references to the migration's `RunPython` operations, which run in each tenant on its own rows.
"""

import hashlib
import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from threading import Lock
from typing import Any

import django
from django.apps import apps
from django.conf import settings
from django.db.migrations import Migration
from django.db.migrations.loader import MigrationLoader

from tessera import fields, ordering
from tessera.context import directory
from tessera.db.guard import base as guard
from tessera.module import PLATFORM_VERSION, closure, modules
from tessera.search import expressions

FORMAT = "1"
Key = tuple[str, str]


class CannotReplay(RuntimeError):
    """Raised for a migration that cannot be replayed in a tenant; the message says why."""


@dataclass(frozen=True, slots=True)
class Step:
    """A batch of SQL, or the path of a `RunPython` in the operations of the migration."""

    sql: str = ""
    code: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Script:
    """One migration, ready to be replayed."""

    key: Key
    digest: str
    steps: tuple[Step, ...]


_scripts: dict[str, Script] = {}
_recording = Lock()


@cache
def loader() -> MigrationLoader:
    """Return the migrations that this process has on disk."""
    return MigrationLoader(None, ignore_no_migrations=True)


def migration_at(key: Key) -> Migration:
    """Return the migration of an app by its name."""
    return loader().graph.nodes[key]


@cache
def _base_digest() -> str:
    """Digest what every script depends on besides the migrations: Django, the field types, the order of lists, search, the backend."""
    digest = hashlib.sha256(f"{FORMAT} {django.VERSION} {PLATFORM_VERSION}".encode())
    for module in (fields, ordering, expressions, guard):
        digest.update(Path(str(module.__file__)).read_bytes())
    return digest.hexdigest()


@cache
def digest_of(key: Key) -> str:
    """Digest a migration's source and all that it depends on."""
    source = Path(str(sys.modules[type(migration_at(key)).__module__].__file__)).read_bytes()
    parents = sorted(parent.key for parent in loader().graph.node_map[key].parents)
    digest = hashlib.sha256(f"{_base_digest()} {key}".encode() + source)
    for parent in parents:
        digest.update(digest_of(parent).encode())
    return digest.hexdigest()


def ordered(labels: Any) -> list[str]:
    """Return the kernel's tenant apps and those of `labels` that are modules, in the order of their tables."""
    wanted = set(labels)
    if unknown := wanted - modules().keys():
        raise LookupError(", ".join(sorted(unknown)))
    return [*settings.KERNEL_LABELS, *(label for label in modules() if label in wanted)]


def plan(labels: Any) -> list[Key]:
    """Return the migrations of the kernel's tenant apps and of the modules `labels`, in order."""
    apps_in_order = ordered(labels)
    found: dict[Key, None] = {}
    for label in apps_in_order:
        leaves = loader().graph.leaf_nodes(label)
        if not leaves and any(True for _ in apps.get_app_config(label).get_models()):
            raise CannotReplay(f"{label} has models and no migrations: run `manage.py makemigrations {label}`")
        for leaf in leaves:
            for key in loader().graph.forwards_plan(leaf):
                if key[0] not in apps_in_order:
                    raise CannotReplay(f"the migrations of {label} need those of {key[0]}, which {label} does not depend on")
                found[key] = None
    return list(found)


@cache
def fingerprint_of(label: str) -> str:
    """Return the digest of an app's version and migrations; a tenant with another one needs an upgrade."""
    digest = hashlib.sha256(f"{label} {getattr(modules().get(label), 'version', PLATFORM_VERSION)}".encode())
    for leaf in sorted(loader().graph.leaf_nodes(label)):
        digest.update(digest_of(leaf).encode())
    return digest.hexdigest()


def fingerprint_of_set(labels: Any) -> str:
    """Return the digest of the kernel's tenant apps and the modules `labels` together."""
    digest = hashlib.sha256()
    for label in ordered(labels):
        digest.update(fingerprint_of(label).encode())
    return digest.hexdigest()


@cache
def kernel_fingerprint() -> str:
    """Return the digest of the kernel's tenant apps."""
    return fingerprint_of_set(())


def scripts_for(labels: Any) -> list[Script]:
    """Return the scripts of a set of modules with the kernel's, recording what nobody has recorded yet.

    Call it outside a unit of work: recording takes a scratch schema of its own.
    """
    from tessera.db.recorder import record

    keys = plan(labels)
    with _recording:
        _load([key for key in keys if digest_of(key) not in _scripts])
        missing = [key for key in keys if digest_of(key) not in _scripts]
        if missing:
            made = [script for together in _runs(missing, labels) for script in record(plan(together), _scripts)]
            directory().save_scripts({script.digest: dump(script) for script in made})
    return [_scripts[digest_of(key)] for key in keys]


def _runs(missing: list[Key], labels: Any) -> list[frozenset[str]]:
    """Return the sets of modules to record in one scratch schema each.

    A first migration says the same whoever else is there. A later one may touch what points to its
    tables, so it is recorded among nothing but what its module needs.
    """
    first = all(
        not any(parent.key[0] == label for parent in loader().graph.node_map[label, name].parents) for label, name in missing
    )
    return [frozenset(labels)] if first else [_needs(label) for label in dict.fromkeys(label for label, _ in missing)]


def _needs(label: str) -> frozenset[str]:
    """Return the modules whose tables must be there when those of `label` are recorded."""
    return closure([label]) if label in modules() else frozenset()


def _load(keys: list[Key]) -> None:
    if not keys:
        return
    stored = directory().load_scripts([digest_of(key) for key in keys])
    for key in keys:
        if steps := stored.get(digest_of(key)):
            _scripts[digest_of(key)] = Script(key, digest_of(key), tuple(Step(s["sql"], tuple(s["code"])) for s in steps))


def dump(script: Script) -> list[dict[str, Any]]:
    """Return a script's steps as JSON holds them."""
    return [{"sql": step.sql, "code": list(step.code)} for step in script.steps]
