"""Faults on demand: what goes wrong with the delivery of events and with the API, the same way at every run."""

import random
from dataclasses import asdict, dataclass, field
from typing import Any

from billing.local_stripe import forms

SHAPE: forms.Shape = {
    "seed": forms.integer,
    "duplicate": forms.count,
    "delay": forms.decimal,
    "reorder": forms.count,
    "drop": forms.decimal,
    "bad_signature": forms.count,
    "api_version": forms.text,
    "outage": forms.choice("none", "503", "refuse", "lose"),
    "outage_requests": forms.count,
    "types": forms.listed(forms.text),
}


@dataclass
class Faults:
    """What goes wrong.

    seed: of everything that chance decides. duplicate: further deliveries of each event. delay: seconds before a delivery.
    reorder: how many events are held, to be sent in any order. drop: the probability that an event is never delivered.
    bad_signature: so many next deliveries are signed with another secret. api_version: what events say of themselves.
    outage: what the API does (503; refuse: hang up; lose: do what was asked, then hang up), for `outage_requests` requests or
    until it is taken back. types: the events that suffer, all when empty.
    """

    seed: int = 0
    duplicate: int = 0
    delay: Any = 0
    reorder: int = 0
    drop: Any = 0
    bad_signature: int = 0
    api_version: str | None = None
    outage: str = "none"
    outage_requests: int | None = None
    types: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.chance = random.Random(self.seed)  # noqa: S311 - a run is repeated from its seed

    def suffers(self, kind: str) -> bool:
        """Say whether the events of a type suffer at all."""
        return not self.types or kind in self.types

    def drops(self, kind: str) -> bool:
        """Decide whether an event gets lost."""
        return bool(self.drop) and self.suffers(kind) and self.chance.random() < self.drop

    def spoils(self, kind: str) -> bool:
        """Decide whether this delivery is signed wrongly; each one counts."""
        if not self.bad_signature or not self.suffers(kind):
            return False
        self.bad_signature -= 1
        return True

    def shuffled(self, events: list[Any]) -> list[Any]:
        """Return held events in another order."""
        self.chance.shuffle(events)
        return events

    def refusal(self) -> str:
        """Return what the API does to the request at hand: `none`, `503`, `refuse` or `lose`; each one counts."""
        if self.outage == "none":
            return "none"
        if self.outage_requests is not None:
            if self.outage_requests == 0:
                self.outage, self.outage_requests = "none", None
                return "none"
            self.outage_requests -= 1
        return self.outage

    def told(self) -> dict[str, Any]:
        """Return them for `/_local/faults`."""
        return {**asdict(self), "object": "local.faults", "delay": str(self.delay), "drop": str(self.drop)}
