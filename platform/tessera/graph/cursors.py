"""Cursors: the order values of a row, bound to tenant, resource and ordering by a signature."""

import hashlib
import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any
from uuid import UUID

import orjson
from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models

from tessera.context import current
from tessera.errors import ApiError, Code
from tessera.graph import scalars
from tessera.graph.forms import CASTS
from tessera.graph.slots import CursorSlot

SIGNATURE = 12


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, (datetime, date, time)):
        return value.isoformat()
    return value


class Cursors:
    """Write and read the cursors of one ordering, `[(column, descending), ...]`, in the tenant that is entered then."""

    def __init__(self, resource: str, order: list[tuple[models.Field, bool]]) -> None:
        self.columns = [column for column, _ in order]
        ordering = ",".join(f"{'-' if descending else ''}{column.attname}" for column, descending in order)
        self.ordering = f"\0{resource}\0{ordering}\0"

    def _sign(self, payload: bytes) -> bytes:
        context = f"cursor\0{current().tenant.id}{self.ordering}".encode()
        return hmac.digest(settings.SECRET_KEY.encode(), context + payload, hashlib.sha256)[:SIGNATURE]

    def write(self, values: list[Any]) -> str:
        """Return the cursor of a row with these order values."""
        return self.seal(orjson.dumps([_plain(value) for value in values])).decode()

    def seal(self, payload: bytes) -> bytes:
        """Return the cursor of a row whose order values are a JSON list already."""
        return urlsafe_b64encode(self._sign(payload) + payload)

    def read(self, text: Any, argument: str) -> list[Any]:
        """Return the order values in a cursor (of a slot: their slots); BAD_CURSOR for one of anything else."""
        if isinstance(text, CursorSlot):
            casts = [CASTS.get(scalars.of_column(column), "text") for column in self.columns]
            return text.spread(lambda known: self.read(known, argument), casts)
        try:
            raw = urlsafe_b64decode(text.encode("ascii"))
            signature, payload = raw[:SIGNATURE], raw[SIGNATURE:]
            if not hmac.compare_digest(signature, self._sign(payload)):
                raise ValueError
            return [column.to_python(value) for column, value in zip(self.columns, orjson.loads(payload), strict=True)]
        except (Error, ValueError, ValidationError):
            raise ApiError(Code.BAD_CURSOR, "This cursor belongs to another list or ordering.", field=[argument]) from None
