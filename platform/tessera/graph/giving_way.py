"""To read a document gives way to requests: while others are answered in the process, it computes a small part of the time.

Threads take turns in running Python. What answers a request waits for a database most of the time, and needs a dozen short turns; what
parses and validates a document waits for nothing, and would stand before it at each of them.

A document is read once in a process: its first sender waits longer for the sake of everybody else. It holds no
connection of the pool meanwhile.
"""

import math
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from time import perf_counter, sleep
from typing import Any

from graphql import ASTValidationRule

WORK, REST = 0.0002, 0.002  # seconds: shorter ones would stop others more often, longer ones for longer
_answering = 0
_counting = threading.Lock()


class _Since(threading.local):
    """When this thread began, or rested last."""

    rest = math.inf


_since = _Since()


@contextmanager
def answering() -> Iterator[None]:
    """Count a request as being answered inside."""
    global _answering
    with _counting:
        _answering += 1
    try:
        yield
    finally:
        with _counting:
            _answering -= 1


def begin() -> None:
    """Begin work that may take long: its first rest is due one stretch from now."""
    _since.rest = perf_counter()


class GivingWay(ASTValidationRule):
    """A rule that forbids nothing, and is asked at each node."""

    def enter(self, *_: Any) -> None:
        give_way()


def give_way() -> None:
    """Rest where it is time to, in the midst of work that has begun, takes long and waits for nothing."""
    if perf_counter() - _since.rest > WORK:
        rest()


def rest() -> None:
    """Let others go first, where there are any: before work that nobody else waits for, and after it."""
    if _answering > 1:
        sleep(REST)
    begin()
