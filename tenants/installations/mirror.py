"""Wishes and states in public, next to the truth in the tenant."""

import logging
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

from django.db import connections, transaction
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
_log = logging.getLogger(__name__)


def closed(labels: Iterable[str]) -> frozenset[str]:
    """Return `labels` with all they depend on; refuse names that are no module."""
    try:
        return closure(labels)
    except LookupError as error:
        raise Refused("NOT_FOUND", _("There is no module %(name)s.") % {"name": error.args[0]}, "modules") from error


@contextmanager
def wishes(tenant: Tenant) -> Iterator[dict[str, Installation]]:
    """Lock the tenant's row and yield its installations by module; one public transaction."""
    if in_unit():
        raise WriteOutsideUnit("modules are switched outside a unit of work: the act is several transactions")
    with transaction.atomic(using="shared"):
        Tenant.objects.select_for_update().get(pk=tenant.pk)
        yield {row.module: row for row in Installation.objects.filter(tenant=tenant).order_by("module")}
        forget_tenants()


def move(row: Installation, to: str, why: str = "") -> None:
    """Bring an installation into another state, or the same once more (a retry); refuse any other move."""
    if row.state != to and (row.state, to) not in MOVES and to != State.FAILED:
        message = _("The module %(name)s is %(state)s.") % {"name": row.module, "state": row.get_state_display()}
        raise Refused("STATE", message, "module")
    row.state, row.why = to, why[:1000]
    row.save()


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
    the modules `tables`. A refusal puts the states back to the truth. Anything else leaves FAILED,
    its reason, and a retry.
    """
    try:
        scripts = [] if tables is None else prepare(tables)
        with enter(tenant.ref(), actor=actor or system(act), modules=frozenset()), unit_of_work():
            lock("installations")
            yield scripts
    except Refused:
        reflect(tenant, labels)
        raise
    except Exception as error:
        _log.exception("%s %s failed in tenant %s", act, sorted(labels), tenant.id)
        with wishes(tenant) as rows:
            for label in sorted(labels & rows.keys()):
                move(rows[label], State.FAILED, f"{act}: {type(error).__name__}: {error}")
        raise
    reflect(tenant, labels | also)


def truth(tenant: Tenant) -> dict[str, InstalledModule]:
    """Return the tenant's own rows by module; none where it has no tables yet."""
    with enter(tenant.ref(), actor=system("read installations"), modules=frozenset()):
        with connections["default"].cursor() as cursor:
            cursor.execute("SELECT to_regclass(%s) IS NOT NULL", [InstalledModule._meta.db_table])
            if not cursor.fetchone()[0]:
                return {}
        return {row.label: row for row in InstalledModule.objects.all()}


def reflect(tenant: Tenant, labels: Iterable[str]) -> None:
    """Copy the truth about `labels` from the tenant's own rows into the public mirror."""
    true = truth(tenant)
    with wishes(tenant) as rows:
        for label in sorted(set(labels)):
            row = rows.get(label) or Installation(tenant=tenant, module=label)
            own = true.get(label)
            row.state = State(own.state) if own else State.ABSENT
            row.version = own.module_version if own else ""
            row.fingerprint = own.fingerprint if own else ""
            row.why = ""
            row.save()


def note_kernel(tenant: Tenant) -> None:
    """Write down that the kernel's tables of a tenant are those of this process."""
    if tenant.fingerprint != kernel_fingerprint():
        tenant.fingerprint = kernel_fingerprint()
        Tenant.objects.filter(pk=tenant.pk).update(fingerprint=tenant.fingerprint)


def on_in(rows: dict[str, Installation], also: Callable[[Installation], bool] = lambda row: False) -> frozenset[str]:
    """Return the modules that a tenant's installations say are on."""
    return frozenset(label for label, row in rows.items() if row.state in (State.ON, State.UPGRADING) or also(row))
