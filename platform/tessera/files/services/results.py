"""Files that the product makes itself, part by part."""

from datetime import datetime
from uuid import UUID

from django.core.files import File
from django.utils import timezone
from django.utils.translation import gettext as _

from tessera.errors import Refused
from tessera.files.models import StoredFile
from tessera.files.services.quota import charge
from tessera.files.storage import save_bytes
from tessera.unit_of_work import lock_for_update

JSONL = "application/x-ndjson"


def create_result(*, name: str, owner: UUID | None, expires_at: datetime) -> StoredFile:
    """Begin a file without bytes, in an open unit of work."""
    made = StoredFile(
        name=name,
        purpose=StoredFile.Purpose.RESULT,
        size=0,
        media_type=JSONL,
        owner=owner,
        received_at=timezone.now(),
        expires_at=expires_at,
        in_use=True,
    )
    made.save()
    return made


def save_part(*, file: UUID, part: str, content: File) -> int:
    """Store the bytes of one part under a name that is new; they belong to the file once `add_part` says so. Return how many."""
    save_bytes(f"files/{file}/{part}", content)
    return content.size


def add_part(*, file: UUID, part: str, size: int, until: datetime) -> None:
    """Put a stored part behind the others, in an open unit of work, and keep the file until a moment.

    With "" for the part the file is kept as it is. Refused with QUOTA where the storage is full, NOT_FOUND where the file is gone.
    """
    rows = lock_for_update(StoredFile.objects.filter(pk=file))
    if not rows:
        raise Refused("NOT_FOUND", _("The file is gone."), "file")
    (row,) = rows
    parts = row.parts
    if part:
        charge(size)
        parts = [*parts, part]
    StoredFile.objects.filter(pk=file).update_unaudited(parts=parts, size=row.size + size, expires_at=until)
