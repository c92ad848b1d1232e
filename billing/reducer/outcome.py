"""What the reducer concludes, each verdict with its reason."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from billing.reducer.facts import Quota


class Access(StrEnum):
    """How far an account may be used; the best first."""

    FULL = "full"
    READ_ONLY = "read_only"
    SUSPENDED = "suspended"
    ARCHIVED = "archived"


class Notice(StrEnum):
    """What the account is told on every page; the most pressing first, one is shown."""

    PAYMENT_FAILED = "payment_failed"
    ENDED = "ended"
    TRIAL_OVER = "trial_over"
    DISPUTED = "disputed"
    PAUSED = "paused"
    TRIAL_ENDS = "trial_ends"
    CANCELS = "cancels"


class Cause(StrEnum):
    """Why something is given or not."""

    # of an account, and of the modules that a source of its gives or does not
    TRIAL = "trial"
    TRIAL_OVER = "trial_over"
    ACTIVE = "active"
    UNPAID = "unpaid"
    PAUSED = "paused"
    ENDED = "ended"
    INCOMPLETE = "incomplete"
    UNKNOWN_PRODUCT = "unknown_product"
    # of a module
    ALWAYS_ON = "always_on"
    FREE = "free"
    GRANTED = "granted"
    GRANT_OVER = "grant_over"
    NEEDED = "needed"
    NEEDS = "needs"
    NOT_BOUGHT = "not_bought"


@dataclass(frozen=True)
class Reason:
    """Why: the verdict on `module` ("" for the account), its cause, and the fact behind it.

    `source` names that fact: `trial`, a subscription's id, a grant's reason, or the module that needs it or that it needs.
    """

    module: str
    is_given: bool
    cause: Cause
    source: str = ""
    product: str = ""


@dataclass(frozen=True)
class Entitlements:
    """What an account may use; `bought` are the modules that its subscriptions name, `recheck_at` is when time may change it."""

    access: Access
    modules: frozenset[str]
    bought: frozenset[str]
    seats: int | None
    quotas: Mapping[str, Quota]
    notice: Notice | None
    recheck_at: datetime | None
    trace: tuple[Reason, ...]

    def explain(self, module: str) -> tuple[Reason, ...]:
        """Return why the account may or may not use a module; empty for one that is not installed."""
        return tuple(reason for reason in self.trace if reason.module == module)
