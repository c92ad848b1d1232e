"""Facts that sales tell."""

from uuid import UUID

from tessera.api import event


@event("sales.lead_captured")
class LeadCaptured:
    """A first contact came in."""

    subject: UUID
    source: str


@event("sales.lead_assigned")
class LeadAssigned:
    """A lead has an owner, by a rule or by hand."""

    subject: UUID
    owner: UUID
    rule: UUID | None = None


@event("sales.lead_converted")
class LeadConverted:
    """A lead became a party and an opportunity."""

    subject: UUID
    party: UUID
    opportunity: UUID


@event("sales.lead_lost")
class LeadLost:
    """A lead came to nothing."""

    subject: UUID
    reason: str


@event("sales.opportunity_stage_moved")
class OpportunityStageMoved:
    """An opportunity went to another stage."""

    subject: UUID
    source: UUID
    target: UUID


@event("sales.deal_won")
class DealWon:
    """An opportunity is won; `quote` and `order` name what won it, if that is known."""

    subject: UUID
    party: UUID
    amount: str
    currency: str
    quote: UUID | None = None
    order: UUID | None = None


@event("sales.deal_lost")
class DealLost:
    """An opportunity is lost."""

    subject: UUID
    reason: str
