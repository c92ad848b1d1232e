"""Askings of Stripe are numbered, so that the answer to an older one never takes the place of a later one (see decision 123)."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connections
from django.utils import timezone


@dataclass(frozen=True)
class Asking:
    """One asking: its number, and when it began by the database's clock and by this process's."""

    number: int
    began: datetime
    moment: datetime


def begin_asking(counting: str, params: list[Any]) -> Asking:
    """Take the next number and begin; `counting` is the statement that raises the row's `asked` and returns it and `clock_timestamp()`."""
    moment = timezone.now()
    with connections["shared"].cursor() as cursor:
        cursor.execute(counting, params)
        number, began = cursor.fetchone()
    return Asking(number, began, moment)
