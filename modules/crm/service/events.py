"""Facts that service tells."""

from uuid import UUID

from tessera.api import event


@event("service.survey_sent")
class SurveySent:
    """A customer is to be asked about a delivered order; `serial` tells the letters of one survey apart."""

    subject: UUID
    serial: int


@event("service.survey_answered")
class SurveyAnswered:
    """A customer answered; `score` is 1 to 5."""

    subject: UUID
    score: int
    party: UUID


@event("service.ticket_opened")
class TicketOpened:
    """A customer needs help; `survey` is the answer that said so, if one did."""

    subject: UUID
    party: UUID
    priority: str
    survey: UUID | None = None


@event("service.ticket_resolved")
class TicketResolved:
    """A ticket has its solution."""

    subject: UUID
    party: UUID
