"""Find files and where they are brought to; read their bytes."""

from collections.abc import Iterator
from datetime import timedelta
from uuid import UUID

from django.utils import timezone

from tessera.context import current
from tessera.files.models import StorageUse, StoredFile
from tessera.files.storage import prefix, read_all
from tessera.signing import sign, unsign

UPLOAD = "upload"


def folder_of(row: StoredFile) -> str:
    """Return the path of the folder with a file's parts."""
    return f"{prefix()}files/{row.pk}"


def paths_of(row: StoredFile) -> list[str]:
    """Return the paths of a file's parts, in order."""
    return [f"{folder_of(row)}/{part}" for part in row.parts]


def bytes_taken() -> int:
    """Return how many bytes all files take that were announced or received."""
    return StorageUse.objects.values_list("bytes", flat=True).first() or 0


def bytes_of(row: StoredFile) -> Iterator[bytes]:
    """Return the bytes of a received file in chunks; the caller has checked that they may be read."""
    return read_all(paths_of(row))


def upload_urls_of(*, ids: list[UUID]) -> dict[UUID, str]:
    """Where the bytes are brought by PUT, on the company's host: for whoever announced the file, until they are there."""
    waiting = StoredFile.objects.filter(
        pk__in=ids, owner=current().actor.member_id, received_at__isnull=True, expires_at__gt=timezone.now()
    )
    return {key: f"/uploads/{sign(UPLOAD, key.hex)}" for key in waiting.values_list("pk", flat=True)}


def announced(token: str, max_age: timedelta) -> UUID:
    """Return the key of the file that an upload's address was given for; raise BadToken."""
    return UUID(unsign(UPLOAD, token, max_age))
