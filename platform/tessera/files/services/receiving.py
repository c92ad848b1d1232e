"""Take the bytes of an announced file in: as many as were announced, and of the type that its name promises."""

import hashlib
from collections.abc import Iterable
from tempfile import TemporaryFile
from typing import IO, Any
from uuid import UUID

from django.conf import settings
from django.core.files import File
from django.utils import timezone
from django.utils.translation import gettext as _

from tessera.access.selectors import actor_of_member
from tessera.context import acting, current
from tessera.errors import NotFound, Refused
from tessera.fields import new_id
from tessera.files.media import HEAD, TEXT, lies, media_type_of
from tessera.files.models import StoredFile
from tessera.files.selectors import folder_of
from tessera.files.services.uploads import CREATE
from tessera.files.storage import delete_folder, save_bytes
from tessera.read_only import refuse_while_read_only
from tessera.service import demand
from tessera.unit_of_work import lock_for_update, on_commit, unit_of_work


class Arriving:
    """Bytes on their way into a temporary file: counted, hashed, and cut off beyond what was announced."""

    def __init__(self, announced: int, file: IO[bytes]) -> None:
        self.announced, self.file = announced, file
        self.size, self.digest, self.head = 0, hashlib.sha256(), b""

    def take(self, chunks: Iterable[bytes]) -> None:
        """Take all chunks; refuse at the first byte too many."""
        for chunk in chunks:
            self.size += len(chunk)
            if self.size > self.announced:
                raise Refused("LIMIT", _("There are more bytes than were announced."), "size")
            self.digest.update(chunk)
            if len(self.head) < HEAD:
                self.head += chunk[: HEAD - len(self.head)]
            self.file.write(chunk)
        if self.size < self.announced:
            raise Refused("INVALID", _("There are fewer bytes than were announced."), "size")
        self.file.seek(0)


def receive_file(*, key: UUID, chunks: Iterable[bytes]) -> StoredFile:
    """Store the bytes of a file that was announced, as whoever announced it; NOT_FOUND where none waits for bytes.

    They lie in a temporary file until all was checked, so that nothing wrong is ever stored; memory holds one chunk.
    Refused are a wrong size (LIMIT, INVALID), another checksum, and a type that is not taken or not what the name promises.
    """
    row = StoredFile.objects.filter(pk=key, received_at__isnull=True, expires_at__gt=timezone.now()).first()
    if row is None:
        raise NotFound
    with acting(_owner_of(row)), TemporaryFile() as file:
        demand(CREATE)
        refuse_while_read_only()  # before any byte is kept
        arriving = Arriving(row.size, file)
        arriving.take(chunks)
        kind = _checked(row, arriving)
        part = new_id().hex
        save_bytes(f"files/{row.pk}/{part}", File(file))
        return _received(row, arriving, kind, part)


def _owner_of(row: StoredFile) -> Any:
    """Return the actor that announced a file, with the rights of now: a member who was let go brings nothing any more."""
    if row.owner is None:
        return current().actor
    try:
        return actor_of_member(row.owner)
    except LookupError:
        raise NotFound from None


def _checked(row: StoredFile, arriving: Arriving) -> str:
    """Return the type of what came; refuse what is not what was announced."""
    if row.sha256 and arriving.digest.hexdigest() != row.sha256:
        raise Refused("INVALID", _("The bytes have another checksum."), "sha256")
    kind = media_type_of(arriving.head)
    allowed = {TEXT} if row.purpose == StoredFile.Purpose.BULK else settings.TESSERA_FILE_TYPES
    if kind not in allowed:
        raise Refused("INVALID", _("Files of the type {kind} are not taken.").format(kind=kind), "media_type")
    if lies(row.name, kind):
        raise Refused("INVALID", _("The name promises another type than {kind}.").format(kind=kind), "name")
    return kind


def _received(row: StoredFile, arriving: Arriving, kind: str, part: str) -> StoredFile:
    """Note that a file is there; of two that bring it at once the first one counts."""
    folder = folder_of(row)
    with unit_of_work():
        found = lock_for_update(StoredFile.objects.filter(pk=row.pk))
        if not found or found[0].received_at is not None:
            others = frozenset(found[0].parts) if found else frozenset()
            delete_folder(folder, but=others)
            raise NotFound
        kept = found[0]
        kept.parts, kept.media_type, kept.sha256 = [part], kind, arriving.digest.hexdigest()
        kept.received_at = timezone.now()
        kept.save()
        on_commit(lambda: delete_folder(folder, but=frozenset({part})))  # what earlier attempts left
    return kept
