"""SQL that is put together from pieces, and the statement that it becomes: a text with places, and what fills them."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from tessera.graph.cursors import Cursors
from tessera.graph.forms import UNKNOWN, literal
from tessera.graph.slots import Mark, Slot, Unfit

OPEN, CLOSE = "\x02", "\x03"
MOST_ARGUMENTS = 90  # a function of PostgreSQL takes 100
_CURSOR = re.compile(rb"\x02(\d+):([^\x03]*)\x03")
_PLACE = re.compile(r"%s|%%")
_UNKNOWN = UNKNOWN.encode()


@dataclass
class Sql:
    """A piece of SQL in Django's form, with a parameter for each %s."""

    text: str
    parameters: list[Any] = field(default_factory=list)


class Pieces:
    """Text that is put together: literals, and expressions that are never NULL."""

    def __init__(self) -> None:
        self._made: list[str] = []
        self._said = ""
        self.parameters: list[Any] = []

    def say(self, text: str) -> None:
        """Add text as it is."""
        self._said += text

    def add(self, made: Sql) -> None:
        """Add the value of an expression."""
        self._flush()
        self._made.append(made.text)
        self.parameters += made.parameters

    def _flush(self) -> None:
        if self._said:
            self._made.append(literal(self._said))
            self._said = ""

    def sql(self) -> Sql:
        """Return one expression for all of it."""
        self._flush()
        made = self._made
        while len(made) > MOST_ARGUMENTS:
            made = [f"concat({', '.join(made[at : at + MOST_ARGUMENTS])})" for at in range(0, len(made), MOST_ARGUMENTS)]
        return Sql(f"concat({', '.join(made)})", self.parameters)


@dataclass(frozen=True)
class Statement:
    """One root field as an SQL expression: its text with a %s for each parameter, and what to do with the result.

    `unasked` are parameters of conditions that Django left out, as they hold nowhere: their values are to be right all the same.
    """

    text: str
    parameters: tuple[Slot | Mark, ...]
    cursors: tuple[Cursors, ...]
    unasked: tuple[Slot, ...] = ()

    @property
    def weight(self) -> int:
        """Return about how many bytes it takes."""
        return 2 * len(self.text) + 400 * len(self.parameters)  # the text is kept as it is run as well

    def finish(self, made: bytes) -> bytes:
        """Return the JSON that PostgreSQL made, with its cursors signed; Unfit for a value that it does not know."""
        if _UNKNOWN in made:
            raise Unfit("a column holds a value that its type has not")
        if not self.cursors:
            return made
        return _CURSOR.sub(lambda found: self.cursors[int(found[1])].seal(found[2]), made)


def filled(text: str, parameters: Iterable[Any], put: Callable[[Any], str], percent: str) -> str:
    """Return a text in Django's form with what `put` makes of each parameter in its place, and `percent` for each %%."""
    given = iter(parameters)
    return _PLACE.sub(lambda found: percent if found[0] == "%%" else put(next(given)), text)


def statement(made: Sql, cursors: list[Cursors], quote: Callable[[Any], str]) -> Statement:
    """Return a statement: constants are written into its text by `quote`, places remain."""
    kept: list[Slot | Mark] = []

    def put(value: Any) -> str:
        if not isinstance(value, (Slot, Mark)):
            return quote(value).replace("%", "%%")
        kept.append(value)
        return "%s"

    return Statement(filled(made.text, made.parameters, put, "%%"), tuple(kept), tuple(cursors))
