"""What is told of usage."""

from datetime import date
from uuid import UUID

from tessera.events import event


@event("usage.limit_neared")
class LimitNeared:
    """A company has used most (80) or all (100 per cent) of what is included, for the first time in a month."""

    subject: UUID
    meter: str
    period: date
    percent: int
    used: int
    included: int
    is_soft: bool
