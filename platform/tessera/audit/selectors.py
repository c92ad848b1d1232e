"""Read the audit of one record."""

from typing import Any

from tessera.audit.models import AuditEntry


def history_of(row: Any) -> list[AuditEntry]:
    """Return the writes to `row`, oldest first."""
    return list(AuditEntry.objects.filter(label=row._meta.label, record=row.pk).order_by("id"))
