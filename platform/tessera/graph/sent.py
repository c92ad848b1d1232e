"""How the statements of an operation go to the database: as one, and with a proof of who asks where there is one."""

from typing import Any

from tessera.db.ahead import asked_again
from tessera.db.prepared import Prepared, Proof, Told, run
from tessera.graph.sql_text import Statement, filled


class Changed(Exception):
    """Raised where what something was proven by is told otherwise now."""


def row_of(text: Prepared, given: list[Any]) -> list[bytes | None]:
    """Return the columns of the one row as the server sent them."""
    result = run("default", text, given).pgresult
    assert result is not None
    return [result.get_value(0, column) for column in range(result.nfields)]


def proven(text: Prepared, given: list[Any], proof: Proof) -> list[bytes | None]:
    """Return the same of a statement whose first column is what the tenant tells of the proof; raise Changed where it holds no longer."""
    with asked_again(proof.public, proof.since) as is_same:
        mine, *rows = row_of(text, [*proof.here.parameters, *given])
        if mine != proof.here.answer or not is_same():
            raise Changed
    return rows


def as_one(statements: tuple[Statement, ...], first: Told | None) -> tuple[Prepared, list[tuple[int, Any]]]:
    """Return one statement for several, with $1 for the first parameter, and which value goes where; `first` comes before them."""
    numbers: dict[int, int] = {}
    places: list[tuple[int, Any]] = []
    columns: list[str] = [first.text] if first else []
    before = len(first.parameters) if first else 0
    for at_statement, each in enumerate(statements):

        def number(slot: Any, at_statement: int = at_statement) -> str:
            if id(slot.fill) not in numbers:
                places.append((at_statement, slot))
                numbers[id(slot.fill)] = before + len(places)
            return f"${numbers[id(slot.fill)]}"

        columns.append(filled(each.text, each.parameters, number, "%"))
    return Prepared(f"SELECT {', '.join(columns)}"), places
