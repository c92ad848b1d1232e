"""Announce a file; its bytes are brought to the address that this gives."""

import re
from datetime import timedelta

from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext as _

from tessera.context import current
from tessera.errors import Refused
from tessera.files.models import StoredFile
from tessera.files.services.keeping import discard_files
from tessera.files.services.quota import charge
from tessera.service import service

CREATE = "files.file_upload_create"
WAITS = timedelta(days=1)
_NAME = re.compile(r"[^\x00-\x1f\x7f/\\]{1,255}")
_SHA256 = re.compile(r"([0-9a-f]{64})?")


def checked_name(name: str, field: str = "name") -> str:
    """Return a name that a file may have anywhere: no path, nothing that cannot be seen; refuse another one."""
    if not name.strip() or not _NAME.fullmatch(name):
        raise Refused("INVALID", _("This is no name for a file."), field)
    return name


@service(permission=CREATE)
def create_upload(
    *, filename: str, size: int, sha256: str = "", purpose: StoredFile.Purpose = StoredFile.Purpose.ATTACHMENT
) -> StoredFile:
    """Announce a file of so many bytes; `uploadUrl` takes them by PUT within a day, and what nobody uses by then goes.

    The size counts against the company's storage from now on. A SHA-256 in hexadecimal is compared with the bytes.
    """
    checked_name(filename, "filename")
    if purpose == StoredFile.Purpose.RESULT:
        raise Refused("INVALID", _("Results are not uploaded."), "purpose")
    most = settings.TESSERA_FILE_BYTES[purpose.value]
    if size < 0:
        raise Refused("INVALID", _("This is no size of a file."), "size")
    if size > most:
        raise Refused("LIMIT", _("A file has at most {most} bytes.").format(most=most), "size")
    if not _SHA256.fullmatch(sha256):
        raise Refused("INVALID", _("This is no SHA-256 in hexadecimal."), "sha256")
    charge(size)
    made = StoredFile(
        name=filename,
        purpose=purpose,
        size=size,
        sha256=sha256,
        owner=current().actor.member_id,
        expires_at=timezone.now() + WAITS,
    )
    made.save()
    return made


@service(permission=CREATE)
def delete_upload(*, file: StoredFile) -> None:
    """Discard a file that nobody uses yet, be it received or not."""
    if file.in_use:
        raise Refused("IN_USE", _("The file is in use."), "id")
    discard_files([file.pk])
