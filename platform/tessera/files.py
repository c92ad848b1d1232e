"""The files of a tenant: each below the tenant's own prefix, and reached from nowhere else."""

from typing import Any

from django.core.exceptions import SuspiciousFileOperation
from django.core.files import File

# allow raw-storage: this is where a tenant's files get their prefix
from django.core.files.storage import default_storage

from tessera.context import current


def prefix() -> str:
    """Return where the files of the tenant in force lie."""
    return f"tenants/{current().tenant.id}/"


def _own(path: str) -> str:
    if not path.startswith(prefix()) or ".." in path.split("/"):
        raise SuspiciousFileOperation(f"{path} is no file of this tenant")
    return path


def save_file(name: str, content: File) -> str:
    """Store a file under a name that is new, such as `attachments/<key>`, and return its path."""
    return default_storage.save(_own(prefix() + name), content)


def open_file(path: str) -> Any:
    """Return a stored file, open for reading its bytes; raises FileNotFoundError for one that is gone."""
    return default_storage.open(_own(path))


def delete_file(path: str) -> None:
    """Delete a stored file; one that is gone already is no error."""
    default_storage.delete(_own(path))
