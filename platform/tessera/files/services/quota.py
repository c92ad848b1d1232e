"""Count the bytes of a tenant's files: every file comes in and goes through here."""

from django.conf import settings
from django.db.models import F
from django.utils.translation import gettext as _

from tessera.errors import Refused
from tessera.files.models import StorageUse


def charge(size: int) -> None:
    """Add bytes to what the tenant's files take, in the unit of work that keeps them; refuse with QUOTA beyond the limit.

    The row is locked until the commit, so that two files never share the last bytes.
    """
    limit = settings.TESSERA_STORAGE_BYTES
    StorageUse.objects.bulk_create([StorageUse()], ignore_conflicts=True)
    if not StorageUse.objects.filter(bytes__lte=limit - size).update_unaudited(bytes=F("bytes") + size):
        raise Refused("QUOTA", _("The files of this company would take more than {limit} bytes.").format(limit=limit), "size")


def release(size: int) -> None:
    """Take bytes off what the tenant's files take, in the unit of work that discards them."""
    StorageUse.objects.update_unaudited(bytes=F("bytes") - size)
