"""Wishes and states in public, next to the truth in the tenant."""

import logging
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from django.db import IntegrityError, connections, transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from tessera.context import Actor, enter, system
from tessera.db.installer import prepare
from tessera.db.scripts import Script, kernel_fingerprint
from tessera.errors import Refused
from tessera.installation.models import InstalledModule
from tessera.locks import lock
from tessera.module import closure
from tessera.unit_of_work import WriteOutsideUnit, in_unit, unit_of_work

from tenants.epoch import forget_tenants
from tenants.models import Installation, Tenant

State = Installation.State
MOVES = {
    (State.ABSENT, State.ENABLING),
    (State.OFF, State.ENABLING),
    (State.ENABLING, State.ON),
    (State.ON, State.DISABLING),
    (State.DISABLING, State.OFF),
    (State.ON, State.UPGRADING),
    (State.UPGRADING, State.ON),
    (State.OFF, State.PURGING),
    (State.PURGING, State.ABSENT),
    *((State.FAILED, act) for act in (State.ENABLING, State.DISABLING, State.UPGRADING, State.PURGING)),
}
ACTS = frozenset({State.ENABLING, State.DISABLING, State.UPGRADING, State.PURGING})
CHANGED = [field.attname for field in Installation._meta.concrete_fields if field.name not in ("id", "tenant", "module")]
_log = logging.getLogger(__name__)


def closed(labels: Iterable[str], field: str = "modules") -> frozenset[str]:
    """Return `labels` with all they depend on; refuse names that are no module, at the input's `field`."""
    try:
        return closure(labels)
    except LookupError as error:
        raise Refused("NOT_FOUND", _("There is no module %(name)s.") % {"name": error.args[0]}, field) from error


def refuse_in_unit() -> None:
    """Refuse to act inside a unit of work: an act is several transactions, and each must be committed before the next."""
    if in_unit():
        raise WriteOutsideUnit("modules are switched outside a unit of work: the act is several transactions")


def on_behalf_of(actor: Actor | None, act: str) -> Actor:
    """Return who does a deed: the platform, in the name of whoever asked; hooks need more rights than a person has."""
    if actor is None:
        return system(act)
    return Actor(kind="system", member_id=actor.member_id, account_id=actor.account_id, name=actor.name)


@contextmanager
def wishes(tenant: Tenant) -> Iterator[dict[str, Installation]]:
    """Lock the tenant's row and yield its installations by module; one public transaction.

    What is changed in them, or added, is kept by one statement.
    """
    with transaction.atomic(using="shared"):
        Tenant.objects.select_for_update().get(pk=tenant.pk)
        rows = {row.module: row for row in Installation.objects.filter(tenant=tenant).order_by("module")}
        before = {label: _values(row) for label, row in rows.items()}
        yield rows
        changed = [row for label, row in sorted(rows.items()) if before.get(label) != _values(row)]
        Installation.objects.bulk_create(
            changed, update_conflicts=True, unique_fields=["tenant", "module"], update_fields=CHANGED
        )
        forget_tenants()


def _values(row: Installation) -> list[Any]:
    return [getattr(row, name) for name in CHANGED]


def row_of(rows: dict[str, Installation], tenant: Tenant, label: str) -> Installation:
    """Return the installation of a module, a new one that nobody requested where there was none."""
    return rows.setdefault(label, Installation(tenant=tenant, module=label, requested=False))


def move(row: Installation, to: str, why: str = "", *, by: Actor | None = None) -> None:
    """Bring an installation into another state, or the same once more (a retry); refuse any other move.

    `by` is who wishes it; a deed that ends leaves that as it is.
    """
    if row.state != to and (row.state, to) not in MOVES and to != State.FAILED:
        message = _("The module %(name)s is %(state)s.") % {"name": row.module, "state": row.get_state_display()}
        raise Refused("STATE", message, "module")
    row.state, row.why, row.since = to, why[:1000], timezone.now()
    if by is not None:
        row.asked_by, row.asked_by_name = by.member_id, by.name[:200]


@contextmanager
def deed(
    tenant: Tenant,
    labels: frozenset[str],
    act: str,
    actor: Actor | None,
    *,
    also: frozenset[str] = frozenset(),
    tables: frozenset[str] | None = None,
) -> Iterator[list[Script]]:
    """Work in the tenant: its schema, one transaction, one at a time; then mirror how it ended.

    `labels` are the modules acted upon, `also` others whose rows may change; yields the scripts of
    the modules `tables`. A refusal puts the states back to the truth and leaves its reason. Anything
    else leaves FAILED, its reason, and a retry.
    """
    refuse_in_unit()
    try:
        scripts = [] if tables is None else prepare(tables)
        with enter(tenant.ref(), actor=on_behalf_of(actor, act), modules=frozenset()), unit_of_work():
            lock("installations")
            yield scripts
    except Exception as error:
        cause = error.__cause__ if isinstance(error, Refused) else None
        if isinstance(error, Refused) and not isinstance(cause, IntegrityError):  # rows that do not fit refuse no wish
            reflect(tenant, labels, why=str(error))
            raise
        failure = cause or error
        _log.exception("%s %s failed in tenant %s", act, sorted(labels), tenant.id)
        with wishes(tenant) as rows:
            for label in sorted(labels & rows.keys()):
                move(rows[label], State.FAILED, f"{act}: {type(failure).__name__}: {failure}")
        raise failure from None
    reflect(tenant, labels, also=also)


def truth(tenant: Tenant) -> dict[str, InstalledModule]:
    """Return the tenant's own rows by module; none where it has no tables yet."""
    with enter(tenant.ref(), actor=system("read installations"), modules=frozenset()):
        with connections["default"].cursor() as cursor:
            cursor.execute("SELECT to_regclass(%s) IS NOT NULL", [InstalledModule._meta.db_table])
            if not cursor.fetchone()[0]:
                return {}
        return {row.label: row for row in InstalledModule.objects.all()}


def reflect(tenant: Tenant, labels: Iterable[str], *, also: Iterable[str] = (), why: str = "") -> None:
    """Copy the truth from the tenant's own rows into the public mirror; `why` says why it is not as wished.

    Of `also`, what somebody wishes or what failed keeps that state: it is not this deed's to end.
    """
    mine = frozenset(labels)
    true = truth(tenant)
    with wishes(tenant) as rows:
        for label in sorted({*mine, *also}):
            row = rows.setdefault(label, Installation(tenant=tenant, module=label))
            own = true.get(label)
            row.version = own.module_version if own else ""
            row.fingerprint = own.fingerprint if own else ""
            if label in mine or row.state not in (*ACTS, State.FAILED):
                state = State(own.state) if own else State.ABSENT
                if row.state != state:
                    row.state, row.since = state, timezone.now()
                row.why = why[:1000] if label in mine else row.why


def note_kernel(tenant: Tenant) -> None:
    """Write down that the kernel's tables of a tenant are those of this process."""
    if tenant.fingerprint != kernel_fingerprint():
        tenant.fingerprint = kernel_fingerprint()
        Tenant.objects.filter(pk=tenant.pk).update(fingerprint=tenant.fingerprint)


def on_in(rows: dict[str, Installation], also: Callable[[Installation], bool] = lambda row: False) -> frozenset[str]:
    """Return the modules that a tenant's installations say are on."""
    return frozenset(label for label, row in rows.items() if row.state in (State.ON, State.UPGRADING) or also(row))
