"""Archives of modules: what the tables hold, as a file, before they may go; and the law that wants one."""

import hashlib
import json
from datetime import UTC, date, datetime
from pathlib import Path

from django.conf import settings
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from tessera.context import Actor, current, enter, system
from tessera.db.inventory import Inventory, inventory_of
from tessera.errors import Refused
from tessera.installation.models import InstalledModule, ModuleArchive
from tessera.locks import lock
from tessera.module import modules
from tessera.unit_of_work import unit_of_work

from tenants.export import write_export
from tenants.installations.mirror import closed, on_behalf_of, refuse_in_unit
from tenants.models import Tenant


def archive_module(*, tenant: Tenant, module: str, actor: Actor | None = None) -> ModuleArchive:
    """Write the archive of a module that is off; nothing else changes. Raises Refused NOT_FOUND or STATE."""
    refuse_in_unit()
    closed([module], "module")
    with enter(tenant.ref(), actor=on_behalf_of(actor, "archive"), modules=frozenset()), unit_of_work():
        lock("installations")
        row = InstalledModule.objects.filter(label=module).first()
        if row is None:
            raise Refused("STATE", _("The module %(name)s is not there.") % {"name": module}, "module")
        refuse_on(row)
        return write_archive(row, inventory_of(module))


def refuse_on(row: InstalledModule) -> None:
    """Refuse a module that is on: its tables still change."""
    if row.state == InstalledModule.State.ON:
        raise Refused("STATE", _("Switch the module %(name)s off first.") % {"name": row.label}, "module")


def write_archive(row: InstalledModule, owned: Inventory, *, purged: bool = False) -> ModuleArchive:
    """Write what a module owns to a file of the tenant in force, and keep what is known of it; nobody may write meanwhile."""
    stamp = datetime.now(tz=UTC).strftime("%Y%m%dT%H%M%S%fZ")
    archive = ModuleArchive(label=row.label, module_version=row.module_version, name=f"{row.label}-{stamp}.zip", purged=purged)
    target = path_of(archive)
    files = write_export(target, owned.tables, {"module": row.label, "version": row.module_version, "settings": row.settings})
    with target.open("rb") as written:
        archive.sha256 = hashlib.file_digest(written, "sha256").hexdigest()
    archive.content = hashlib.sha256(json.dumps(files, sort_keys=True).encode()).hexdigest()
    archive.size, archive.rows = target.stat().st_size, sum(file["rows"] for file in files.values())
    archive.made_by = current().actor.member_id
    archive.save()
    return archive


def path_of(archive: ModuleArchive) -> Path:
    """Return where the file of an archive of the tenant in force lies."""
    return Path(settings.TESSERA_EXPORTS) / str(current().tenant.id) / archive.name


def free_from(label: str) -> date | None:
    """Return the day from which the law lets a module of the tenant in force go; None where it lets it go today."""
    here = current()
    if not InstalledModule.objects.filter(label=label).exists():
        return None
    with enter(here.tenant, actor=system("retention"), modules=frozenset({label}), request_id=here.request_id):
        day = modules()[label].purgeable_from(here.tenant)
    return day if day and day > here.tenant.today else None


def confirm_archive(*, label: str, sha256: str) -> None:
    """Take it that somebody has the archive whose checksum they typed; without one, refuse a module that the law keeps."""
    if not sha256:
        if day := free_from(label):
            raise kept(label, day)
        return
    archive = ModuleArchive.objects.filter(label=label, sha256=sha256.strip().lower()).order_by("-id").first()
    if archive is None:
        message = _("No archive of the module %(name)s has this checksum.") % {"name": label}
        raise Refused("INVALID", message, "archive")
    archive.confirmed_at, archive.confirmed_by = timezone.now(), current().actor.member_id
    archive.save()


def refuse_kept(label: str, content: str) -> None:
    """Refuse with RETENTION a module that the law keeps, unless an archive of exactly this content was confirmed."""
    day = free_from(label)
    if day and not ModuleArchive.objects.filter(label=label, content=content, confirmed_at__isnull=False).exists():
        raise kept(label, day)


def kept(label: str, day: date) -> Refused:
    """Return the refusal of a module that the law keeps, with the day from which it lets it go, and what is wanted before."""
    message = _(
        "By law the module %(name)s is kept; it may be purged from %(day)s. Before, take its archive (moduleArchive), "
        "keep it, and give the SHA-256 of the file as confirmation."
    )
    return Refused("RETENTION", message % {"name": modules()[label].title, "day": date_format(day, "Y-m-d")}, "archive")
