"""What was asked of the context while a statement was made, so that it serves whoever would answer the same.

A statement depends on the actor only through these questions: which rights it holds and how far each reaches. The keys in a
reach are no part of the answer, only how many places they need; they are parameters, as are texts that are found in the context.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

from tessera.context import EVERYTHING, Context, Reach
from tessera.graph.slots import Fill, Mark, Slot, Unfit, Values

Question = tuple[Callable[[Context, str], Any], str]


def _may(context: Context, permission: str) -> Any:
    return context.actor.may(permission)


def _reach(context: Context, permission: str) -> Any:
    reach = context.actor.reach(permission)
    if reach is None or reach.everything:
        return reach is not None
    return reach.own, _places(len(reach.units)), _places(len(reach.companies))


def _is_system(context: Context, _: str) -> Any:
    return context.actor.is_system


def _is_member(context: Context, _: str) -> Any:
    return context.actor.member_id is not None


def _modules(context: Context, _: str) -> Any:
    return context.modules


def _has(context: Context, module: str) -> Any:
    return context.has(module)


def _tenant(context: Context, _: str) -> Any:
    return context.tenant


def _places(count: int) -> int:
    """Return for how many keys a statement has places: few different statements serve any number."""
    return 1 << (count - 1).bit_length() if count else 0


class Asking:
    """Stands for a context and its actor while a statement is made, and notes what is asked."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self.answers: dict[Question, Any] = {}
        self.actor: Any = _Actor(self)

    def ask(self, question: Callable[[Context, str], Any], about: str = "") -> Any:
        """Return the answer of the real context, and note both."""
        if (question, about) not in self.answers:
            self.answers[question, about] = question(self._context, about)
        return self.answers[question, about]

    @property
    def modules(self) -> frozenset[str]:
        return self.ask(_modules)

    def has(self, module: str) -> bool:
        return self.ask(_has, module)

    def texts(self, find: Callable[[Context], list[str]]) -> Slot:
        return Slot("text[]", lambda values: find(values.context))

    @property
    def tenant(self) -> Any:
        return self.ask(_tenant)

    def __getattr__(self, name: str) -> Any:
        raise Unfit(f"a statement cannot depend on {name}")


class _Actor:
    def __init__(self, asking: Asking) -> None:
        self._ask = asking.ask

    @property
    def is_system(self) -> bool:
        return self._ask(_is_system)

    @property
    def member_id(self) -> Mark | None:
        return Mark(_member) if self._ask(_is_member) else None

    def may(self, permission: str) -> bool:
        return self._ask(_may, permission)

    def reach(self, permission: str) -> Reach | None:
        answer = self._ask(_reach, permission)
        if isinstance(answer, bool):
            return EVERYTHING if answer else None
        own, units, companies = answer
        return Reach(
            own=own,
            units=frozenset(Mark(_within("units", permission, place)) for place in range(units)),
            companies=frozenset(Mark(_within("companies", permission, place)) for place in range(companies)),
        )

    def __getattr__(self, name: str) -> Any:
        raise Unfit(f"a statement cannot depend on the {name} of its reader")


def _member(values: Values) -> Any:
    return values.context.actor.member_id


def _within(kind: str, permission: str, place: int) -> Fill:
    return partial(_key_at, kind, permission, place)


def _key_at(kind: str, permission: str, place: int, values: Values) -> Any:
    reach: Any = values.context.actor.reach(permission)
    keys = sorted(getattr(reach, kind))
    return keys[min(place, len(keys) - 1)]


def answers(questions: tuple[Question, ...], context: Any) -> tuple[Any, ...]:
    """Return what a context answers to the questions now."""
    return tuple([question(context, about) for question, about in questions])
