"""Tickets: opened, taken, resolved, closed."""

from datetime import timedelta
from uuid import UUID

from django.utils import timezone
from django.utils.translation import gettext as _
from tessera.api import NotFound, Refused, assign_number, current, link_documents, lock_for_update, move, publish, service

from modules.base.api import Company, Party, standing_for
from modules.crm.service import events
from modules.crm.service.models import SlaPolicy, Survey, Ticket
from modules.crm.service.models.ticket import Priority


@service(permission="service.ticket_create")
def open_ticket(
    *,
    subject: str,
    company: Company,
    party: Party,
    contact: Party | None = None,
    description: str = "",
    priority: Priority = Priority.NORMAL,
    owner: UUID | None = None,
    survey: Survey | None = None,
) -> Ticket:
    """Open a ticket; its clocks run by the service level of its priority."""
    if not subject.strip():
        raise Refused("REQUIRED", _("A ticket has a subject."), "subject")
    now = timezone.now()
    level = SlaPolicy.objects.filter(priority=priority).first()
    ticket = Ticket(
        subject=subject.strip(),
        description=description,
        priority=priority,
        company=company,
        party=standing_for(party),
        contact=contact,
        owner=owner,
        survey=survey,
        response_due_at=now + timedelta(hours=level.response_hours) if level else None,
        resolve_due_at=now + timedelta(hours=level.resolve_hours) if level else None,
    )
    ticket.save()
    assign_number(ticket, scope=("service.Ticket", now.year), pattern="T-{year}-{n:05}", on=now.date())
    if survey is not None:
        link_documents(source_kind=survey._meta.label, source=survey.pk, target=ticket)
    publish(
        events.TicketOpened(
            subject=ticket.pk, party=ticket.party.pk, priority=ticket.priority, survey=survey.pk if survey else None
        )
    )
    return ticket


@service(permission="service.ticket_take")
def take_ticket(*, ticket: Ticket, owner: UUID | None = None) -> Ticket:
    """Begin to work on a ticket: the caller, or the member named; the first one stops the response clock."""
    ticket = _locked(ticket)
    ticket.owner = owner or current().actor.member_id or ticket.owner
    if ticket.owner is None:
        raise Refused("REQUIRED", _("Say who works on it."), "owner")
    ticket.first_response_at = ticket.first_response_at or timezone.now()
    if ticket.state == Ticket.State.IN_PROGRESS:
        ticket.save()
    else:
        move(ticket, Ticket.State.IN_PROGRESS, also=("owner", "first_response_at"))
    return ticket


@service(permission="service.ticket_resolve")
def resolve_ticket(*, ticket: Ticket, resolution: str) -> Ticket:
    """Note the solution."""
    ticket = _locked(ticket)
    if not resolution.strip():
        raise Refused("REQUIRED", _("Say what solved it."), "resolution")
    now = timezone.now()
    ticket.resolution, ticket.resolved_at = resolution, now
    ticket.first_response_at = ticket.first_response_at or now
    move(ticket, Ticket.State.RESOLVED, also=("resolution", "resolved_at", "first_response_at"))
    publish(events.TicketResolved(subject=ticket.pk, party=ticket.party_id))
    return ticket


@service(permission="service.ticket_reopen")
def reopen_ticket(*, ticket: Ticket) -> Ticket:
    """Take a resolved ticket up again: the solution did not hold."""
    ticket = _locked(ticket)
    if ticket.state != Ticket.State.RESOLVED:
        raise Refused("STATE", _("Only a resolved ticket is reopened."), "state")
    ticket.owner = ticket.owner or current().actor.member_id
    if ticket.owner is None:
        raise Refused("REQUIRED", _("Say who works on it."), "owner")
    ticket.resolved_at = None
    move(ticket, Ticket.State.IN_PROGRESS, also=("resolved_at", "owner"))
    return ticket


@service(permission="service.ticket_close")
def close_ticket(*, ticket: Ticket) -> Ticket:
    """Close a resolved ticket for good."""
    ticket = _locked(ticket)
    move(ticket, Ticket.State.CLOSED)
    return ticket


def _locked(ticket: Ticket) -> Ticket:
    rows = lock_for_update(Ticket.objects.filter(pk=ticket.pk))
    if not rows:
        raise NotFound()
    return rows[0]
