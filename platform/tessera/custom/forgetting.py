"""The custom fields of a record go with it, in the same unit of work; the audit has its last word on them."""

from tessera.custom.models import CustomValues
from tessera.records import deleted_records
from tessera.unit_of_work import Unit, finisher


def forget_values(unit: Unit) -> None:
    """Delete the custom values of the records that this unit deletes."""
    if gone := deleted_records(unit):
        CustomValues.objects.filter(record__in=gone).delete()


finisher(forget_values, first=True)
