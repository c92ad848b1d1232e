"""What differs from one request to the next in a statement that is kept: the places of its parameters.

While a statement is made, a `Slot` stands where a client's value belongs, and a `Mark` where a key of the actor does.
Both go through Django like any value and are found again among the parameters of the finished text.
"""

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any
from uuid import UUID

from django.db.models import Expression

from tessera.context import Context


class Unfit(AttributeError):
    """Raised where a statement cannot be made, or be given a value, so that the plan answers instead.

    It is an AttributeError for Django, which asks of every value what it has.
    """


@dataclass
class Values:
    """What a request fills a statement with: its variables, the context it is in, and the cursors it came with, read."""

    variables: dict[str, Any]
    context: Context
    cursors: list[list[Any]] = field(default_factory=list)


Fill = Callable[[Values], Any]


class Slot(Expression):
    """A parameter of the PostgreSQL type `cast`. Code that would look into its value, which is not there yet, raises Unfit."""

    def __init__(self, cast: str, fill: Fill, source: "Slot | None" = None) -> None:
        super().__init__()
        self.cast, self.fill = cast, fill
        self.source = source or self
        self.derived: list[Slot] = []  # of a source: what is made of its value, which may be none of the kind

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, list[Any]]:
        return f"%s::{self.cast}", [self]

    def through(self, convert: Callable[[Any], Any], cast: str) -> "Slot":
        """Return the slot of what `convert` makes of the value."""
        fill = self.fill
        made = Slot(cast, lambda values: convert(fill(values)), self.source)
        self.source.derived.append(made)
        return made

    def __eq__(self, other: object) -> bool:
        return self is other

    def __hash__(self) -> int:
        return id(self)

    def __bool__(self) -> bool:
        return True

    def __getattr__(self, name: str) -> Any:
        raise Unfit(f"a slot has no {name}")

    def _unknown(self, *_others: Any) -> Any:
        raise Unfit("the value of a slot is not known yet")

    __len__ = __iter__ = __contains__ = __str__ = __format__ = __lt__ = __gt__ = __le__ = __ge__ = _unknown


class Mark(UUID):
    """An invented key in the place of one of the actor's: a text that kept it by mistake would find no row."""

    fill: Fill

    def __init__(self, fill: Fill) -> None:
        super().__init__(bytes=os.urandom(16))
        object.__setattr__(self, "fill", fill)


class CursorSlot:
    """The text of a cursor while a statement is made: whoever reads it gets a slot for each of its values that is not null."""

    def __init__(self, path: tuple[Any, ...], sample: str, cursors: list["CursorSlot"], outside: Callable[..., Any]) -> None:
        self.path, self.sample, self.known, self.outside = path, sample, cursors, outside
        self.read: Callable[[str], list[Any]] = list

    def spread(self, read: Callable[[str], list[Any]], casts: list[str]) -> list[Any]:
        """Return the slots of what `read` finds; null stays null, since it changes the condition."""
        self.read = read
        values = self.outside(read, self.sample)
        place = len(self.known)
        self.known.append(self)
        return [
            None if value is None else Slot(cast, partial(_of_cursor, place, at))
            for at, (value, cast) in enumerate(zip(values, casts, strict=True))
        ]


def _of_cursor(place: int, at: int, values: Values) -> Any:
    return values.cursors[place][at]
