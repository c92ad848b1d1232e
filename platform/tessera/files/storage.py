"""Where the bytes of files lie: each below the tenant's own prefix, and reached from nowhere else."""

from collections.abc import Iterator
from typing import Any

from django.core.exceptions import SuspiciousFileOperation
from django.core.files import File

# allow raw-storage: this is where a tenant's files get their prefix
from django.core.files.storage import default_storage

from tessera.context import current

CHUNK = 64 * 1024


def prefix() -> str:
    """Return where the files of the tenant in force lie."""
    return f"tenants/{current().tenant.id}/"


def _own(path: str) -> str:
    if not path.startswith(prefix()) or ".." in path.split("/"):
        raise SuspiciousFileOperation(f"{path} is no file of this tenant")
    return path


def save_bytes(name: str, content: File) -> str:
    """Store bytes under a name that is new, such as `files/<key>/<part>`, and return their path."""
    return default_storage.save(_own(prefix() + name), content)


def open_bytes(path: str) -> Any:
    """Return stored bytes, open for reading; raises FileNotFoundError for some that are gone."""
    return default_storage.open(_own(path))


def delete_folder(path: str, *, but: frozenset[str] = frozenset()) -> None:
    """Delete everything in a folder of files, and the folder; what is named in `but` stays."""
    try:
        _folders, names = default_storage.listdir(_own(path))
    except FileNotFoundError:
        return
    for name in names:
        if name not in but:
            default_storage.delete(f"{path}/{name}")
    if not but:
        default_storage.delete(path)  # what only a file system has


def delete_everything() -> None:
    """Delete all that the tenant in force has stored."""
    _delete_below(prefix().rstrip("/"))


def _delete_below(folder: str) -> None:
    try:
        folders, names = default_storage.listdir(folder)
    except FileNotFoundError:
        return
    for name in names:
        default_storage.delete(f"{folder}/{name}")
    for name in folders:
        _delete_below(f"{folder}/{name}")
    default_storage.delete(folder)  # what only a file system has


def read_all(paths: list[str]) -> Iterator[bytes]:
    """Return the bytes of objects, one after the other, in chunks; raises FileNotFoundError at once where the first is gone.

    They are read when the tenant has been left already, as a response is: whose they are is settled before.
    """
    own = [_own(path) for path in paths]
    first = default_storage.open(own[0]) if own else None

    def chunks() -> Iterator[bytes]:
        for place, path in enumerate(own):
            with first if place == 0 and first else default_storage.open(path) as content:
                while chunk := content.read(CHUNK):
                    yield chunk

    return chunks()
