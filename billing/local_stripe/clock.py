"""The time in the local Stripe: it runs as everybody's, stands still when frozen, and jumps forward when told."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from billing.local_stripe.errors import StripeError
from billing.local_stripe.store import Row

HOUR, DAY = 3600, 86400


class Clock:
    """Seconds since 1970; `state` is kept with the rows: how far ahead it is, or where it stands."""

    def __init__(self, state: Row) -> None:
        self.state = state
        self._as_of: int | None = None

    def now(self) -> int:
        """Return the moment."""
        if self._as_of is not None:
            return self._as_of
        if self.state.get("frozen") is not None:
            return int(self.state["frozen"])
        return int(time.time()) + int(self.state.get("ahead", 0))

    def freeze(self, at: int | None = None) -> None:
        """Let the clock stand still, now or at a moment."""
        self.state["frozen"] = self.now() if at is None else at

    def move(self, to: int) -> None:
        """Set the clock forward."""
        now = self.now()
        if to < now:
            raise StripeError("A clock goes forward only", param="to")
        if self.state.get("frozen") is not None:
            self.state["frozen"] = to
        else:
            self.state["ahead"] = int(self.state.get("ahead", 0)) + to - now

    @contextmanager
    def as_of(self, moment: int) -> Iterator[None]:
        """Do what is overdue at the moment it was due."""
        before, self._as_of = self._as_of, moment
        try:
            yield
        finally:
            self._as_of = before
