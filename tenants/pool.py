"""Schemas made ahead, so that a new tenant waits for no DDL.

There is a pool per set of modules that people usually choose: the base, each bundle, all
bundles. A schema is claimed in the transaction that makes its tenant; its name was opaque
from the start and stays.
"""

import logging
from collections.abc import Iterable
from datetime import timedelta

from django.conf import settings
from django.db import connections, transaction
from django.utils import timezone
from tessera.context import TenantRef, enter, system
from tessera.db.installer import make_schema
from tessera.db.roles import as_owner
from tessera.db.scripts import fingerprint_of_set
from tessera.fields import new_id
from tessera.module import closure, modules

from tenants.models import ReadySchema, new_schema_name

State = ReadySchema.State
ABANDONED = timedelta(minutes=10)
_log = logging.getLogger(__name__)


def module_sets() -> list[frozenset[str]]:
    """Return the sets of modules that the pool holds ready, small ones first."""
    bundles = [label for label, module in modules().items() if module.is_bundle]
    wanted = [closure(()), *(closure([label]) for label in bundles), closure(bundles)]
    return sorted(set(wanted), key=lambda labels: (len(labels), sorted(labels)))


def claim(labels: Iterable[str]) -> str:
    """Return the name of a schema for a tenant with the modules `labels`, in the public transaction in force.

    The pool's own set first, then the largest subset; from an empty pool a new name, and the
    installer makes the schema. Never waits for another claim.
    """
    wanted = frozenset(labels)
    ready = ReadySchema.objects.filter(state=State.READY).order_by("since")
    found = ready.filter(fingerprint=fingerprint_of_set(wanted)).select_for_update(skip_locked=True).first()
    if found is None:
        subsets = {row.fingerprint: frozenset(row.modules) for row in ready if is_current(row) and set(row.modules) < wanted}
        for fingerprint in sorted(subsets, key=lambda each: -len(subsets[each])):
            if found := ready.filter(fingerprint=fingerprint).select_for_update(skip_locked=True).first():
                break
    if found is None:
        return new_schema_name()
    found.delete()
    return found.schema_name


def is_current(row: ReadySchema) -> bool:
    """Say whether a schema of the pool has the tables of this process."""
    return set(row.modules) <= modules().keys() and row.fingerprint == fingerprint_of_set(row.modules)


def refill(size: int | None = None) -> int:
    """Bring each pool to `size` current schemas (default: the setting), drop outdated ones; return how many were made."""
    wanted = settings.TESSERA_POOL_SIZE if size is None else size
    for row in _outdated():
        _drop(row)
    made = 0
    for row in _planned(wanted):
        make_schema(TenantRef(row.id, row.schema_name), row.modules)
        ReadySchema.objects.filter(pk=row.pk).update(state=State.READY, since=timezone.now())
        made += 1
    return made


def _planned(size: int) -> list[ReadySchema]:
    """Return the rows to build: new ones up to `size`, and those whose builder died."""
    with transaction.atomic(using="shared"):
        with connections["shared"].cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended('tessera pool', 0))")
        rows = []
        for row in ReadySchema.objects.filter(state=State.PREPARING, since__lt=timezone.now() - ABANDONED):
            row.save()  # `since` is now: nobody else takes it
            rows.append(row)
        for labels in module_sets():
            fingerprint = fingerprint_of_set(labels)
            there = ReadySchema.objects.filter(fingerprint=fingerprint).count()
            for _ in range(there, size):
                rows.append(ReadySchema.objects.create(modules=sorted(labels), fingerprint=fingerprint))
        return rows


def _outdated() -> list[ReadySchema]:
    """Take schemas that fit this process no more out of the pool, and return them."""
    with transaction.atomic(using="shared"):
        ready = ReadySchema.objects.select_for_update(skip_locked=True)
        abandoned = timezone.now() - ABANDONED
        rows = [row for row in ready if not is_current(row) and (row.state == State.READY or row.since < abandoned)]
        for row in rows:
            row.state = State.PREPARING
            row.save()
        return rows


def _drop(row: ReadySchema) -> None:
    gone = TenantRef(new_id(), row.schema_name)
    with (
        enter(gone, actor=system("pool"), modules=frozenset()),
        as_owner(),
        connections["default"].cursor() as cursor,
    ):
        cursor.execute(f'DROP SCHEMA IF EXISTS "{row.schema_name}" CASCADE')
    row.delete()
    _log.info("dropped the outdated schema %s", row.schema_name)
