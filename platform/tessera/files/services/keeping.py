"""Keep what is used, and discard the rest: the row at once, the bytes after the commit."""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from django.utils.translation import gettext as _

from tessera.errors import Refused
from tessera.files.models import StoredFile
from tessera.files.selectors import folder_of
from tessera.files.services.quota import release
from tessera.files.storage import delete_folder
from tessera.unit_of_work import lock_for_update, on_commit

MOST = 500  # files discarded at a time


def keep_file(*, file: StoredFile, purpose: StoredFile.Purpose, until: datetime | None = None) -> StoredFile:
    """Take a received file into use, once, for good or until a moment; the caller has found it for whoever uses it."""
    (row,) = lock_for_update(StoredFile.objects.filter(pk=file.pk)) or (None,)
    if row is None:  # it expired since it was looked up
        raise Refused("NOT_FOUND", _("There is no such record."), "file")
    if row.purpose != purpose:
        raise Refused("INVALID", _("This file was uploaded for another purpose."), "file")
    if row.received_at is None:
        raise Refused("STATE", _("The file was announced, and its bytes have not come yet."), "file")
    if row.in_use:
        raise Refused("IN_USE", _("The file is in use already."), "file")
    row.in_use, row.expires_at = True, until
    row.save()
    return row


def discard_files(keys: Iterable[UUID]) -> None:
    """Discard files with their bytes, in an open unit of work; the caller has taken off what points to them."""
    rows = lock_for_update(StoredFile.objects.filter(pk__in=list(keys)))
    if not rows:
        return
    folders = [folder_of(row) for row in rows]
    StoredFile.objects.all().delete_rows(rows)
    release(sum(row.size for row in rows))
    on_commit(lambda: _delete(folders))


def discard_expired(*, before: datetime, most: int = MOST) -> int:
    """Discard up to `most` files that expired before a moment; return how many."""
    keys = list(StoredFile.objects.filter(expires_at__lt=before).order_by("expires_at").values_list("pk", flat=True)[:most])
    discard_files(keys)
    return len(keys)


def _delete(folders: list[str]) -> None:
    for folder in folders:
        delete_folder(folder)
