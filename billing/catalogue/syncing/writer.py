"""A step is one writing call to Stripe; the writer makes it, under an idempotency key."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from operator import attrgetter
from typing import Any
from uuid import uuid4

from stripe import StripeClient


@dataclass(frozen=True)
class Id:
    """The id of what a name stands for, which a step before may have to make first."""

    name: str


@dataclass(frozen=True)
class Step:
    """One writing call: what it says of itself, the call below `StripeClient.v1`, its path and its parameters.

    What it makes is known as `makes` from then on; `follows` is the id of what that takes the place of.
    """

    says: str
    call: str
    params: Mapping[str, Any] = field(default_factory=dict)
    path: tuple[str | Id, ...] = ()
    makes: str = ""
    follows: str = ""


@dataclass
class Writer:
    """A hand that writes to Stripe, and knows the ids of what is there by their names.

    What is made has an idempotency key of what it is and of what it follows, so that two runs at once, or one after a kill,
    make it once. A change sets a value and may be said twice; its key is of this run, else Stripe would answer a later
    change back with the first answer and do nothing.
    """

    client: StripeClient
    ids: dict[str, str]
    run: str = field(default_factory=lambda: uuid4().hex)

    def write(self, step: Step) -> None:
        """Take a step. Raises stripe.StripeError."""
        path = [self._resolved(part) for part in step.path]
        params = self._resolved(step.params)
        said = [step.call, path, params, step.follows, "" if step.makes else self.run]
        key = sha256(json.dumps(said, sort_keys=True, default=str).encode()).hexdigest()
        done = attrgetter(step.call)(self.client.v1)(*path, params, {"idempotency_key": f"catalogue-{key}"})
        if step.makes:
            self.ids[step.makes] = done.id

    def _resolved(self, value: Any) -> Any:
        if isinstance(value, Id):
            return self.ids[value.name]
        if isinstance(value, Mapping):
            return {name: self._resolved(part) for name, part in value.items()}
        return value
