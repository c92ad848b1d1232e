"""Announce, receive, keep and discard files."""

from tessera.files.services.keeping import discard_expired, discard_files, keep_file
from tessera.files.services.quota import charge
from tessera.files.services.receiving import receive_file
from tessera.files.services.results import add_part, create_result, save_part
from tessera.files.services.uploads import checked_name, create_upload, delete_upload

__all__ = [
    "add_part",
    "charge",
    "checked_name",
    "create_result",
    "create_upload",
    "delete_upload",
    "discard_expired",
    "discard_files",
    "keep_file",
    "receive_file",
    "save_part",
]
