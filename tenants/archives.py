"""The archives of a tenant's modules: made by a job, listed, and downloaded by whoever may purge."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import IO
from uuid import UUID

from django.utils.translation import gettext as _
from tessera.access.models import Member
from tessera.accounts.addresses import tenant_url
from tessera.context import current
from tessera.errors import NotFound, Refused
from tessera.installation.models import ModuleArchive
from tessera.installation.permissions import MODULE_PURGE
from tessera.module import modules
from tessera.service import demand, service
from tessera.signing import BadToken, sign, unsign
from tessera.tasks import enqueue

from tenants.installations.archiving import path_of
from tenants.installations.mirror import State, closed
from tenants.overview import TenantModule, installations, pictured
from tenants.tasks import write_module_archive

PURPOSE, OPEN_FOR = "installation.archive", timedelta(minutes=10)


@dataclass(frozen=True, kw_only=True)
class ArchiveFile:
    """What a module held when its archive was made: `rows` of its tables in a file of `size` bytes.

    `purged` says that the module's data was deleted then. `download` is a link for ten minutes, for whoever may purge; it is
    null where the file is gone. Its checksum is not told: whoever types it has the file.
    """

    id: UUID
    module: str
    title: str
    version: str
    made_at: datetime
    made_by: Member | None
    rows: int
    size: int
    purged: bool
    confirmed_at: datetime | None
    download: str | None


def module_archives(*, module: str | None = None) -> list[ArchiveFile]:
    """List the archives of this company's modules, or of one, the newest first; also of what is not installed any more."""
    found = ModuleArchive.objects.order_by("-id")
    return list(_files(found.filter(label=module) if module else found))


def _files(found: object) -> Iterator[ArchiveFile]:
    archives = list(found)  # type: ignore[call-overload]
    makers = Member.objects.in_bulk([each.made_by for each in archives if each.made_by])
    for each in archives:
        yield ArchiveFile(
            id=each.pk,
            module=each.label,
            title=str(modules()[each.label].title) if each.label in modules() else each.label,
            version=each.module_version,
            made_at=each.made_at,
            made_by=makers.get(each.made_by),
            rows=each.rows,
            size=each.size,
            purged=each.purged,
            confirmed_at=each.confirmed_at,
            download=_link(each) if path_of(each).exists() else None,
        )


def _link(archive: ModuleArchive) -> str:
    return tenant_url(current().tenant, f"/archives/{sign(PURPOSE, archive.pk.hex)}")


@service(permission=MODULE_PURGE, while_read_only=True)
def request_archive(*, module: str) -> TenantModule:
    """Have the archive of a module that is off written; it is in `moduleArchives` when it is done.

    Refused: NOT_FOUND for a name that is no module, STATE unless it is off.
    """
    closed([module], "module")
    (shown,) = pictured([module], installations())
    if shown.state != State.OFF:
        raise Refused("STATE", _("The module %(name)s is not off.") % {"name": module}, "module")
    actor = current().actor
    enqueue(write_module_archive, module=module, asked_by=str(actor.member_id or ""), name=actor.name)
    return shown


def open_archive(*, token: str) -> tuple[ModuleArchive, IO[bytes]]:
    """Return the archive that a link opens, with its bytes; NOT_FOUND for every link that is forged, old or foreign."""
    demand(MODULE_PURGE)
    try:
        archive = ModuleArchive.objects.get(pk=UUID(unsign(PURPOSE, token, OPEN_FOR)))
        return archive, path_of(archive).open("rb")
    except (BadToken, ModuleArchive.DoesNotExist, FileNotFoundError) as reason:
        raise NotFound from reason
