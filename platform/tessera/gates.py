"""Gates: whoever may hold a document back before it changes its state, and what happens then.

A gate is asked by `machine.move` on every path, API, import, task and handler alike. It answers
APPROVED (a process ended in approval for exactly this content), NOT_CONCERNED (no process is
published for this), or HELD. Held is not an error: everything the service wrote so far is undone,
a `TransitionHold` remembers the service and its arguments, and the caller gets the document back
with its hold. When the process approves, the service runs again as the requester, and everything
is checked again.

A gate that cannot be asked refuses: an exception in it fails the transition.
"""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from enum import Enum
from functools import cached_property
from typing import Any

from django.utils.translation import gettext as _

from tessera.context import current
from tessera.errors import Refused
from tessera.module import module_of
from tessera.unit_of_work import savepoint, unit_of_work


class Answer(Enum):
    """What a gate says of one transition of one document."""

    NOT_CONCERNED = "not_concerned"
    APPROVED = "approved"
    HELD = "held"


@dataclass(frozen=True)
class Transition:
    """A document about to change state; `exceeds` names the permission of a limit it is beyond.

    `content_hash` and `facts` are of the document as it would be, also when asked for again after
    the transition was held and everything it wrote is undone.
    """

    document: Any
    source: str
    target: str
    exceeds: str = ""

    @cached_property
    def content_hash(self) -> str:
        """Return the hash of what the document seals."""
        from tessera.lineage.services import content_hash

        return content_hash(self.document)

    @cached_property
    def facts(self) -> dict[str, Decimal]:
        """Return what the document offers to thresholds, nothing when it offers none."""
        return self.document.approval_facts() if hasattr(self.document, "approval_facts") else {}


class TransitionHeld(Exception):
    """Raised by `ask_gates` to unwind to the outermost service; never reaches a client.

    Its `transition` knows the content that was asked about: where the service that is undone had
    changed it (an edit of a confirmed order), that is what the edit would make.
    """

    def __init__(self, transition: Transition, gate: "Gate") -> None:
        super().__init__(f"{transition.document} is held before {transition.target}")
        self.transition = transition
        self.gate = gate
        self.content_hash, _facts = transition.content_hash, transition.facts  # now, before it is undone


@dataclass(frozen=True)
class Gate:
    """A pair of functions: `ask` answers, `hold` starts what will decide and is given the hold row."""

    ask: Callable[[Transition], Answer]
    hold: Callable[[Any, Transition], None]


GATES: list[Gate] = []


def gate(*, ask: Callable[[Transition], Answer], hold: Callable[[Any, Transition], None]) -> Gate:
    """Register a gate of the calling module."""
    made = Gate(ask, hold)
    GATES.append(made)
    return made


def ask_gates(transition: Transition) -> None:
    """Pass, refuse or hold a transition.

    Beyond a limit (`exceeds`) somebody must have approved, or the actor must hold the permission
    that the owner declares for it; without a process the limit does not disappear.
    """
    here = current()
    approved = False
    for each in GATES:
        label = module_of(each.ask)
        if label is not None and label not in here.modules:
            continue
        answer = each.ask(transition)
        if answer is Answer.HELD:
            raise TransitionHeld(transition, each)
        approved = approved or answer is Answer.APPROVED
    if transition.exceeds and not approved and not here.actor.may(transition.exceeds):
        message = _("This is beyond a limit and needs the right {permission}.").format(permission=transition.exceeds)
        raise Refused("LIMIT", message, "state")


def held_or(service: Any, arguments: dict[str, Any]) -> Any:
    """Run a service's function inside somebody's unit of work; where a gate holds it, undo it and answer the held document.

    An import and the like run a part so that may be held while the rest goes on (`tessera.unit_of_work.apart`).
    """
    from tessera.lineage.services import hold_transition

    try:
        with savepoint():
            return service.inner(**arguments)
    except TransitionHeld as held:
        return hold_transition(held=held, service=service, arguments=arguments)


def in_own_unit(service: Any, arguments: dict[str, Any]) -> Any:
    """Run a service's function as a unit of work, which needs no savepoint: where a gate holds it, the whole unit is undone.

    The hold is a unit of its own then.
    """
    from tessera.lineage.services import hold_transition

    try:
        with unit_of_work(while_read_only=service.while_read_only) as unit, unit.service():
            return service.inner(**arguments)
    except TransitionHeld as found:
        held = found
    with unit_of_work(while_read_only=service.while_read_only) as unit, unit.service():
        return hold_transition(held=held, service=service, arguments=arguments)
