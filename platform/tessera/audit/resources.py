"""The audit as people see it: on each record, and in a list over all records that one may see."""

from tessera.audit.models import AuditEntry
from tessera.audit.selectors import shown_changes
from tessera.resource import EVERY_RECORD, Computed, List, Resource, RowScope, Under

Resource(
    model=AuditEntry,
    plural="AuditEntries",
    fields=("label", "record", "verb", "actor_kind", "actor", "actor_name", "request", "recorded_at"),
    computed=(Computed("changes", shown_changes),),
    filters=("label", "record", "verb", "actor", "request", "recorded_at"),
    scope=RowScope(on_record=True),
    under=(Under(EVERY_RECORD, "audit", "record"),),
    views=(List(("recorded_at", "actor_name", "verb", "label")),),
)
