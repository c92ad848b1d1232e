"""Write the audit of a unit of work, in its own transaction."""

from typing import Any

from django.core.serializers.json import DjangoJSONEncoder
from django.utils import timezone

from tessera.audit.models import AuditEntry
from tessera.db.inserts import insert_rows
from tessera.fields import new_id
from tessera.unit_of_work import Unit, finisher

_encoder = DjangoJSONEncoder()


def plain(value: Any) -> Any:
    """Return a column value as JSON holds it; decimals, dates and UUIDs as strings."""
    if value is None or isinstance(value, (bool, int, str, list, dict)):
        return value
    return str(value) if not hasattr(value, "isoformat") else _encoder.default(value)


@finisher
def write_audit(unit: Unit) -> None:
    """Insert one entry per gathered write, all in one statement."""
    if not unit.audit:
        return
    now = timezone.now()
    insert_rows(
        AuditEntry,
        (
            {
                "id": new_id(),
                "label": mark.model._meta.label,
                "record": mark.pk,
                "verb": mark.verb,
                "actor_kind": mark.context.actor.kind,
                "actor": mark.context.actor.member_id,
                "actor_name": mark.context.actor.name[:200],
                "request": mark.context.request_id,
                "before": {name: plain(value) for name, value in mark.before.items()},
                "after": {name: plain(value) for name, value in mark.after.items()},
                "recorded_at": now,
            }
            for mark in unit.audit
        ),
    )
