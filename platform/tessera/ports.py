"""Questions that one module asks and another may answer.

    @port(owner="finance", neutral=lambda **_: None)
    def open_receivables(*, party: UUID, company: UUID) -> Decimal | None:
        "Return what the party owes the company, or None when nobody keeps receivables."
        ...

    @open_receivables.answer
    def from_open_items(*, party: UUID, company: UUID) -> Decimal: ...

The question is declared, without a body, where both sides can import it; the owner answers it in
its `ports.py`. With the owner off, the neutral answer comes back.
"""

import inspect
from collections.abc import Callable
from typing import Any, Generic, ParamSpec, TypeVar

from tessera.context import current

P = ParamSpec("P")
R = TypeVar("R")


class Port(Generic[P, R]):
    """One typed question with at most one answer per process."""

    def __init__(self, question: Callable[P, R], owner: str, neutral: Callable[..., Any]) -> None:
        self.question, self.owner, self.neutral = question, owner, neutral
        self.answered_by: Callable[..., R] | None = None
        self.__doc__ = question.__doc__
        self.__name__ = question.__name__

    def answer(self, function: Callable[..., R]) -> Callable[..., R]:
        """Register the owner's answer; its parameters must be those of the question."""
        if self.answered_by is not None:
            raise ValueError(f"{self.__name__} is answered twice")
        asked, given = (list(inspect.signature(f).parameters) for f in (self.question, function))
        if asked != given:
            raise TypeError(f"{self.__name__} asks with {asked}, the answer takes {given}")
        self.answered_by = function
        return function

    def __call__(self, *args: P.args, **arguments: P.kwargs) -> R:
        if self.answered_by is not None and self.owner in current().modules:
            return self.answered_by(*args, **arguments)
        return self.neutral(*args, **arguments)

    @property
    def is_answered(self) -> bool:
        """Say whether the owner is on in the current tenant, so that the answer is not neutral."""
        return self.answered_by is not None and self.owner in current().modules


def port(*, owner: str, neutral: Callable[..., Any]) -> Callable[[Callable[P, R]], Port[P, R]]:
    """Declare a question; see the module's text."""
    return lambda question: Port(question, owner, neutral)
