"""Count the bytes of a tenant's files: every file comes in and goes through here."""

from django.db.models import F

from tessera.files.models import StorageUse
from tessera.quotas import Meter
from tessera.usage.services import hold


def charge(size: int) -> None:
    """Add bytes to what the tenant's files take, in the unit of work that keeps them; refuse with QUOTA beyond a hard limit.

    The row is locked until the commit, so that two files never share the last bytes.
    """
    StorageUse.objects.bulk_create([StorageUse()], ignore_conflicts=True)
    StorageUse.objects.update_unaudited(bytes=F("bytes") + size)
    taken = StorageUse.objects.values_list("bytes", flat=True).get()
    hold(Meter.STORAGE, before=taken - size, after=taken, field="size")


def release(size: int) -> None:
    """Take bytes off what the tenant's files take, in the unit of work that discards them."""
    StorageUse.objects.update_unaudited(bytes=F("bytes") - size)
