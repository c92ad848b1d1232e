"""All that a tenant holds as one file: each table as JSON lines, and its files as they are."""

import hashlib
import logging
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

from django.conf import settings
from django.db import connections, transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from tessera.context import enter, system
from tessera.errors import Refused
from tessera.files.models import StoredFile
from tessera.files.selectors import bytes_of
from tessera.unit_of_work import unit_of_work

from tenants.export import Content, write_export
from tenants.installations.mirror import refuse_in_unit
from tenants.models import Tenant, TenantExport

State = TenantExport.State
ABANDONED = timedelta(hours=6)  # what has not ended by then was killed
_TABLES = """
SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = %s AND c.relkind IN ('r', 'p') ORDER BY c.relname
"""
_log = logging.getLogger(__name__)


def write_tenant_export(*, tenant: Tenant) -> TenantExport:
    """Write everything that a tenant holds, as it was at one moment, and return the row: READY, or FAILED with its reason.

    Refused with STATE while another one is being written.
    """
    refuse_in_unit()
    export = _begin(tenant)
    try:
        rows, files = _write(tenant, path_of(export))
        sha256 = checksum_of(export)
    except Exception as error:
        _log.exception("the export of the tenant %s failed", tenant.pk)
        export.state, export.why = State.FAILED, f"{type(error).__name__}: {error}"[:1000]
    else:
        export.state, export.sha256, export.rows, export.files = State.READY, sha256, rows, files
        export.size = path_of(export).stat().st_size
    export.finished_at = timezone.now()
    export.save()
    return export


def _begin(tenant: Tenant) -> TenantExport:
    now = timezone.now()
    with transaction.atomic(using="shared"):
        Tenant.objects.select_for_update().get(pk=tenant.pk)
        running = TenantExport.objects.filter(tenant=tenant, state=State.WRITING)
        running.filter(begun_at__lt=now - ABANDONED).update(state=State.FAILED, why="it was cut short", finished_at=now)
        if running.exists():
            raise Refused("STATE", _("An export is being written already."))
        return TenantExport.objects.create(tenant=tenant, name=f"{tenant.slug}-{now:%Y%m%dT%H%M%S%fZ}.zip", begun_at=now)


def _write(tenant: Tenant, target: Path) -> tuple[int, int]:
    """Write the file; return how many rows and files are in it."""
    with enter(tenant.ref(), actor=system("export"), modules=frozenset()), unit_of_work():
        with connections["default"].cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")  # all tables as of one moment
            cursor.execute(_TABLES, [tenant.schema_name])
            tables = [name for (name,) in cursor.fetchall()]
        about = {"company": tenant.name, "tenant": str(tenant.pk), "made_at": timezone.now().isoformat()}
        counts = {"files": 0}
        written = write_export(target, tables, about, _counted(counts))
        return sum(file["rows"] for file in written.values()), counts["files"]


def _counted(counts: dict[str, int]) -> Iterator[Content]:
    """Yield the files that were received, each under its key and its name."""
    for row in StoredFile.objects.filter(received_at__isnull=False).order_by("pk").iterator():
        counts["files"] += 1
        yield Content(f"files/{row.pk}/{row.name}", bytes_of(row))


def path_of(export: TenantExport) -> Path:
    """Return where the file of an export lies."""
    return Path(settings.TESSERA_EXPORTS) / str(export.tenant_id) / export.name


def checksum_of(export: TenantExport) -> str:
    """Return the SHA-256 of an export's file; raises FileNotFoundError where it is gone."""
    with path_of(export).open("rb") as written:
        return hashlib.file_digest(written, "sha256").hexdigest()


def forget_export(export: TenantExport) -> None:
    """Delete an export's file; the row remembers that there was one."""
    path_of(export).unlink(missing_ok=True)
    TenantExport.objects.filter(pk=export.pk).update(state=State.GONE)
    export.state = State.GONE
