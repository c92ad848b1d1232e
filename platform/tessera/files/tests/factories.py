"""Files for tests: announced and brought as people do it."""

from django.utils import timezone

from tessera.files.models import StoredFile
from tessera.files.services import create_upload, receive_file

ROWS = {
    "StoredFile": {
        "media_type": "text/plain",
        "sha256": "0" * 64,
        "parts": [],
        "in_use": True,
        "purpose": "attachment",
        "received_at": lambda rows, number: timezone.now(),
        "expires_at": None,
    },
    "StorageUse": {"bytes": 0, "only": True},
}


def make_file(content: bytes = b"x", name: str = "x", purpose: StoredFile.Purpose = StoredFile.Purpose.ATTACHMENT) -> StoredFile:
    """Announce a file and bring its bytes."""
    return receive_file(key=create_upload(filename=name, size=len(content), purpose=purpose).pk, chunks=[content])
