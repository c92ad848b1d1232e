"""Take a module out of a tenant for good: export first, then drop its tables."""

from collections.abc import Mapping
from pathlib import Path

from django.db import connections
from django.utils.translation import gettext as _
from tessera.context import Actor, current, enter
from tessera.db.inventory import Inventory, inventory_of
from tessera.db.roles import as_owner
from tessera.errors import Refused
from tessera.installation.models import InstalledModule
from tessera.module import modules
from tessera.unit_of_work import unit_of_work
from tessera.wording import listed

from tenants.installations.archiving import confirm_archive, path_of, refuse_kept, refuse_on, write_archive
from tenants.installations.mirror import State, closed, deed, move, on_behalf_of, refuse_in_unit, wishes
from tenants.models import Installation, Tenant


def purge_module(*, tenant: Tenant, module: str, confirmation: str, archive: str = "", actor: Actor | None = None) -> Path | None:
    """Export and drop everything a module owns in a tenant; return the export, None if it was gone already.

    `confirmation` is the module's label, typed by a person, `archive` the SHA-256 of the archive that was taken before,
    wanted while the law keeps the module. Raises Refused INVALID when they are not, RETENTION without an archive,
    STATE unless the module is off, IN_USE while another module's tables may point to it.
    """
    refuse_in_unit()
    check_confirmation(module, confirmation)
    if archive:
        with enter(tenant.ref(), actor=on_behalf_of(actor, "purge"), modules=frozenset()), unit_of_work():
            confirm_archive(label=module, sha256=archive)
    wish_gone(tenant, module, actor)
    return take_out(tenant, module, actor=actor)


def check_confirmation(module: str, confirmation: str) -> None:
    """Refuse a name that is no module, and a confirmation that is not its label."""
    closed([module], "module")
    if confirmation != module:
        raise Refused("INVALID", _("Type %(name)s to confirm.") % {"name": module}, "confirmation")


def wish_gone(tenant: Tenant, module: str, actor: Actor | None) -> None:
    """Wish a module out of a tenant for good."""
    with wishes(tenant) as rows:
        row = rows.get(module)
        if row is None or row.state == State.ABSENT:
            raise Refused("STATE", _("The module %(name)s is not there.") % {"name": module}, "module")
        if users := builders(rows, module):
            message = _("Purge these first, they build on %(name)s: %(users)s.") % {"name": module, "users": listed(users)}
            raise Refused("IN_USE", message, "module")
        move(row, State.PURGING, by=actor)


def builders(rows: Mapping[str, Installation], module: str) -> list[str]:
    """Return the modules with tables in the tenant that may point to those of `module`."""
    there = [label for label, row in rows.items() if row.state != State.ABSENT and label in modules()]
    return [label for label in there if module in modules()[label].depends and not modules()[label].is_bundle]


def take_out(tenant: Tenant, label: str, *, actor: Actor | None = None) -> Path | None:
    """Do the deed: the hook, the export, the drop and the tenant's row; then mirror it."""
    target = None
    with deed(tenant, frozenset({label}), "purge", actor):
        row = InstalledModule.objects.filter(label=label).first()
        if row is None:
            return None
        refuse_on(row)
        context = current()
        with enter(context.tenant, actor=context.actor, modules=frozenset({label}), request_id=context.request_id):
            modules()[label].on_purge(context.tenant)
        owned = inventory_of(label)
        _freeze(owned)
        archive = write_archive(row, owned, purged=True)
        target = path_of(archive)
        try:
            refuse_kept(label, archive.content)
            _drop(label, owned)
            row.delete()
        except Exception:
            target.unlink()  # what stays has no archive of its going
            raise
    return target


def _freeze(owned: Inventory) -> None:
    """Keep writers out between the export and the drop."""
    if owned.tables:
        with connections["default"].cursor() as cursor, as_owner():
            cursor.execute(f"LOCK TABLE {owned.listed(owned.tables)} IN ACCESS EXCLUSIVE MODE")


def _drop(label: str, owned: Inventory) -> None:
    with as_owner(), connections["default"].cursor() as cursor:
        for statement in owned.drops():
            cursor.execute(statement)
        cursor.execute("DELETE FROM django_migrations WHERE app = %s", [label])
