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

SIGNATURE = 12


def _plain(value: Any) -> Any:
    if isinstance(value, (UUID, Decimal)):
        return str(value)
    if isinstance(value, (datetime, date, time)):
        return value.isoformat()
    return value


class Cursors:
    """Write and read the cursors of one ordering, `[(column, descending), ...]`."""

    def __init__(self, resource: str, order: list[tuple[models.Field, bool]]) -> None:
        self.columns = [column for column, _ in order]
        ordering = ",".join(f"{'-' if descending else ''}{column.attname}" for column, descending in order)
        self.context = f"cursor\0{current().tenant.id}\0{resource}\0{ordering}\0".encode()
        self.key = settings.SECRET_KEY.encode()

    def _sign(self, payload: bytes) -> bytes:
        return hmac.digest(self.key, self.context + payload, hashlib.sha256)[:SIGNATURE]

    def write(self, values: list[Any]) -> str:
        """Return the cursor of a row with these order values."""
        payload = orjson.dumps([_plain(value) for value in values])
        return urlsafe_b64encode(self._sign(payload) + payload).decode()

    def read(self, text: str, argument: str) -> list[Any]:
        """Return the order values in a cursor; BAD_CURSOR for one of anything else."""
        try:
            raw = urlsafe_b64decode(text.encode("ascii"))
            signature, payload = raw[:SIGNATURE], raw[SIGNATURE:]
            if not hmac.compare_digest(signature, self._sign(payload)):
                raise ValueError
            return [column.to_python(value) for column, value in zip(self.columns, orjson.loads(payload), strict=True)]
        except (Error, ValueError, ValidationError):
            raise ApiError(Code.BAD_CURSOR, "This cursor belongs to another list or ordering.", field=[argument]) from None
