"""What a tenant may set for service."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class ServiceSettings:
    """A survey is open for `survey_days`; a score up to `low_score` (of 5) opens a ticket."""

    survey_days: int = 30
    low_score: int = 2
