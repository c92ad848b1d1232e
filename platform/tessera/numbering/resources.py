"""What people see of numbers: those that are void, each with the record that carries it."""

from tessera.numbering.models import VoidedNumber
from tessera.resource import List, Resource, RowScope

Resource(
    model=VoidedNumber,
    fields=("label", "record", "number", "reason", "recorded_at"),
    filters=("label", "record", "number", "recorded_at"),
    order=("recorded_at",),
    views=(List(("recorded_at", "label", "number", "reason")),),
    scope=RowScope(on_record=True),
)
