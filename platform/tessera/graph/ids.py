"""Opaque ids: base64 of `Type:uuid`, the same for every tenant and never parsed by clients."""

from base64 import b64decode, b64encode
from binascii import Error
from typing import Any
from uuid import UUID

from tessera.graph.slots import Slot


class Id(str):
    """An id in what a selector returns, so that it is shown as one."""


def encode(name: str, key: UUID) -> str:
    """Return the id of the row `key` of the type `name`."""
    return b64encode(f"{name}:{key}".encode()).decode()


def decode(text: str) -> tuple[str, UUID]:
    """Return the type and key that an id stands for; raise ValueError for anything else."""
    try:
        name, _, key = b64decode(text.encode("ascii"), validate=True).decode("ascii").partition(":")
    except (Error, UnicodeError) as error:
        raise ValueError("this is no id") from error
    if not name or len(key) != 36:
        raise ValueError("this is no id")
    return name, UUID(key)


def key_of(text: Any, name: str) -> Any:
    """Return the key in an id of the type `name` (of a slot: the key's slot); raise ValueError for an id of another type."""
    if isinstance(text, Slot):
        return text.through(lambda known: key_of(known, name), "uuid")
    found, key = decode(text)
    if found != name:
        raise ValueError(f"this is no id of the type {name}")
    return key
