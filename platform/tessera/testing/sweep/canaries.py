"""Values that tell whose they are, and how to find them in what came back."""

import base64
import re
from binascii import Error
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from django.db import models

from tessera.testing.rows import Rows, is_unique

CODED = re.compile(rb'"([A-Za-z0-9_+/-]{24,}={0,2})"')
DIGITS = 7
SMALL = (models.SmallIntegerField, models.PositiveSmallIntegerField)


@dataclass(frozen=True)
class Canary:
    """What marks the rows of one owner: a word in texts, the beginning of 7-digit numbers, the year of dates."""

    word: str
    number: int
    year: int

    def found_in(self, raw: bytes) -> list[str]:
        """Return every trace of this canary in some bytes, also inside ids and cursors."""
        pattern = rb"%b|(?<![0-9A-Za-z.])%d\d{3}(?![0-9A-Za-z])|(?<![0-9A-Za-z])%d-\d\d-\d\d" % (
            self.word.encode(),
            self.number,
            self.year,
        )
        hay = b"\n".join([raw, *_decoded(raw)])
        return sorted({found.decode() for found in re.findall(pattern, hay)})


def _decoded(raw: bytes) -> Iterator[bytes]:
    for text in CODED.findall(raw):
        try:
            yield base64.urlsafe_b64decode(text.translate(bytes.maketrans(b"+/", b"-_")))
        except (Error, ValueError):
            continue


AMBER = Canary("AMBER", 6616, 2026)
COBALT = Canary("COBALT", 7717, 2071)


class MarkedRows(Rows):
    """Rows whose numbers and dates carry a canary too, wherever nothing else decides what they are."""

    def __init__(self, canary: Canary) -> None:
        super().__init__(canary.word)
        self.canary = canary

    def canary_of(self, model: type[models.Model], column: Any, number: int) -> Canary:
        """Return whose a value is."""
        return self.canary

    def _text(self, model: type[models.Model], column: Any, number: int) -> str:
        self.mark = self.canary_of(model, column, number).word
        return super()._text(model, column, number)

    def _candidates(self, model: type[models.Model], column: Any, number: int) -> Iterator[Any]:
        if column.editable and not column.choices and not is_unique(model, column.name):
            yield from self._marked(self.canary_of(model, column, number).number * 1000 + number, column)
        yield from super()._candidates(model, column, number)

    @staticmethod
    def _marked(value: int, column: Any) -> Iterator[Any]:
        if isinstance(column, models.DecimalField):
            if column.max_digits - column.decimal_places >= DIGITS:
                yield Decimal(value)
        elif isinstance(column, models.IntegerField) and not isinstance(column, (*SMALL, models.BooleanField)):
            yield value
        elif isinstance(column, models.JSONField) and not column.has_default():
            yield {"held": value}

    def _day(self, model: type[models.Model], column: Any, number: int) -> date:
        return super()._day(model, column, number).replace(year=self.canary_of(model, column, number).year)
