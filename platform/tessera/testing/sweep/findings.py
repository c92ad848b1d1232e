"""Ask, and say what came back that must not."""

import json
import logging
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from traceback import extract_tb
from typing import Any

from django.db import connections, transaction

from tessera.errors import Code
from tessera.testing.sweep.worlds import Place

CLOSED = {code.value for code in Code} - {Code.INTERNAL.value}


class Leak(AssertionError):
    """Raised for an answer that tells what it must not; says what was asked."""


@dataclass
class Tally:
    """What a sweep has asked so far, and how it was answered."""

    asked: int = 0
    codes: Counter[str] = field(default_factory=Counter)
    defects: list[str] = field(default_factory=list)


@contextmanager
def undone(place: Place) -> Iterator[None]:
    """Undo on both aliases what is written inside; the place only lends its schema, without which the guard lets nothing through."""
    with place.inside():
        marks = {alias: transaction.savepoint(using=alias) for alias in ("default", "shared")}
    try:
        yield
    finally:
        with place.inside():
            for alias, mark in marks.items():
                transaction.savepoint_rollback(mark, using=alias)
                connections[alias].run_on_commit = []


class Sweep:
    """Asks a place documents one by one; `judge` gets each with its response and raises Leak."""

    def __init__(self, place: Place, ask: Callable[[Place, str], Any], judge: Callable[[str, Any], None]) -> None:
        self.place, self.ask, self.judge, self.tally = place, ask, judge, Tally()

    def run(self, documents: Iterable[str]) -> Tally:
        """Ask every document; nothing that they write stays."""
        for text in documents:
            with _defects() as found:
                with undone(self.place):
                    response = self.ask(self.place, text)
                with undone(self.place):  # what the first answer wrote outside of tenants is not in the way of a second
                    self.judge(text, response)
            self._count(text, response, found)
        return self.tally

    def _count(self, text: str, response: Any, found: list[str]) -> None:
        self.tally.asked += 1
        errors = json.loads(response.content).get("errors", ())
        self.tally.codes.update(error["extensions"]["code"] for error in errors)
        self.tally.defects += [f"{text[:300]} ...: {each}" for each in found]


@contextmanager
def _defects() -> Iterator[list[str]]:
    """Gather what the server logs as a defect of its own."""
    found: list[str] = []

    class Keep(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            if record.exc_info and record.exc_info[1] is not None:
                error = record.exc_info[1]
                found.append(f"{type(error).__name__}: {error} at {_place_of(error)}")

    log, keep = logging.getLogger("tessera.graph.failures"), Keep()
    log.addHandler(keep)
    before, log.propagate = log.propagate, False
    try:
        yield found
    finally:
        log.removeHandler(keep)
        log.propagate = before


def _place_of(error: BaseException) -> str:
    """Return where an exception comes from, down to the last of our own files."""
    return " < ".join(f"{each.filename}:{each.lineno}" for each in reversed(extract_tb(error.__traceback__)[-6:]))


def digests(place: Place) -> dict[str, str]:
    """Return a digest of every table of a tenant."""
    with place.inside(), connections["default"].cursor() as cursor:
        cursor.execute("SELECT relname FROM pg_class WHERE relnamespace = current_schema()::regnamespace AND relkind = 'r'")
        tables = [name for (name,) in cursor.fetchall()]
        each = "SELECT '{0}', md5(string_agg(t::text, '|' ORDER BY t.ctid)) FROM \"{0}\" t"
        cursor.execute(" UNION ALL ".join(each.format(name) for name in tables))
        return dict(cursor.fetchall())


def body_of(response: Any, *, changed: bool = False) -> Any:
    """Return the body of an answer without what differs from one to the next: costs, places in the text, ids of errors.

    Of what a mutation `changed` only the refusals are kept, and whether there was an answer: what it made has new keys and times.
    """
    body = json.loads(response.content)
    body.pop("extensions", None)
    for error in body.get("errors", ()):
        error["extensions"].pop("errorId", None)
        error.pop("locations", None)
    for name, payload in (body.get("data") or {}).items() if changed else ():
        if payload is not None:
            body["data"][name] = {each: value if each == "userErrors" else value is None for each, value in payload.items()}
    return body


def difference(here: Any, there: Any, path: str = "") -> str:
    """Return where two answers differ first."""
    if isinstance(here, dict) and isinstance(there, dict):
        pairs: Any = ((name, here.get(name), there.get(name)) for name in here.keys() | there.keys())
    elif isinstance(here, list) and isinstance(there, list) and len(here) == len(there):
        pairs = ((at, one, two) for at, (one, two) in enumerate(zip(here, there, strict=True)))
    else:
        return f"{path}: {here!r} and {there!r}"
    return next((difference(one, two, f"{path}.{name}") for name, one, two in pairs if one != two), path)
