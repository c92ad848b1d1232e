"""A process as data: under which conditions it applies, and its steps one after another.

Definitions keep these as JSON; here they have types, are checked, and are read back.
"""

from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db.models import TextChoices
from django.utils.translation import gettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _
from tessera.api import Problem, Refused


class StepRule(TextChoices):
    """How many of a step's approvers have to approve."""

    ALL = "all", pgettext_lazy("approvers", "all")
    ANY = "any", _("any one")
    N_OF_M = "n_of_m", _("some of them")


@dataclass(frozen=True)
class ProcessCondition:
    """`above < fact <= up_to`, either bound may be missing; `amount` is in company currency, `discount_percent` in percent."""

    fact: str
    above: Decimal | None = None
    up_to: Decimal | None = None

    def holds(self, value: Decimal) -> bool:
        """Say whether a document with this value needs the process."""
        return (self.above is None or value > self.above) and (self.up_to is None or value <= self.up_to)


@dataclass(frozen=True)
class ProcessStep:
    """Who approves, and how many of them: the holders of `role`, the requester's manager, and named members.

    `role` is a role's name, with its module in front when a module proposes it (`sales.sales_manager`).
    `needed` goes with N_OF_M. In a sequential step one is asked after the other.
    """

    title: str = ""
    role: str = ""
    manager: bool = False
    members: list[UUID] = field(default_factory=list)
    rule: StepRule = StepRule.ALL
    needed: int | None = None
    sequential: bool = False

    def enough(self, asked: int) -> int:
        """Return how many of `asked` approvers have to approve."""
        if self.rule == StepRule.ALL:
            return asked
        return 1 if self.rule == StepRule.ANY else self.needed or asked


def check_process(conditions: Iterable[ProcessCondition], steps: Iterable[ProcessStep]) -> None:
    """Refuse a process that cannot work, naming everything that is wrong with it."""
    problems = []
    for place, condition in enumerate(conditions):
        where = ("conditions", str(place))
        if not condition.fact:
            problems.append(Problem("REQUIRED", gettext("Name what is compared."), (*where, "fact")))
        if condition.above is None and condition.up_to is None:
            problems.append(Problem("REQUIRED", gettext("Give a bound."), (*where, "above")))
        if condition.above is not None and condition.up_to is not None and condition.above >= condition.up_to:
            problems.append(Problem("INVALID", gettext("No value lies between these bounds."), (*where, "up_to")))
    steps = list(steps)
    if not steps:
        problems.append(Problem("REQUIRED", gettext("A process has at least one step."), ("steps",)))
    for place, step in enumerate(steps):
        where = ("steps", str(place))
        if not (step.role or step.manager or step.members):
            problems.append(Problem("REQUIRED", gettext("Say who approves."), (*where, "role")))
        if (step.rule == StepRule.N_OF_M) != (step.needed is not None):
            problems.append(
                Problem("INVALID", gettext("A number goes with the rule “some of them”, and only with it."), (*where, "needed"))
            )
        elif step.needed is not None and step.needed < 1:
            problems.append(Problem("INVALID", gettext("At least one has to approve."), (*where, "needed")))
    if problems:
        raise Refused.of(problems)


def plain(part: ProcessCondition | ProcessStep) -> dict[str, Any]:
    """Return a part as the definition's JSON holds it."""
    return {name: _plain(value) for name, value in asdict(part).items()}


def _plain(value: Any) -> Any:
    if isinstance(value, list):
        return [str(each) for each in value]
    return str(value) if isinstance(value, (Decimal, StepRule)) else value


def condition_of(data: dict[str, Any]) -> ProcessCondition:
    """Read a condition back."""
    above, up_to = (None if data[name] is None else Decimal(data[name]) for name in ("above", "up_to"))
    return ProcessCondition(data["fact"], above, up_to)


def step_of(data: dict[str, Any]) -> ProcessStep:
    """Read a step back."""
    return ProcessStep(**{**data, "rule": StepRule(data["rule"]), "members": [UUID(each) for each in data["members"]]})
