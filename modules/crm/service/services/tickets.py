"""Tickets: opened, taken, resolved, closed."""

from datetime import datetime, timedelta
from uuid import UUID

from django.utils import timezone
from django.utils.translation import gettext as _
from tessera.api import (
    NotFound,
    Refused,
    active_among,
    assign_number,
    current,
    link_documents,
    lock_for_update,
    move,
    publish,
    service,
)

from modules.base.api import Company, OrgUnit, Party, standing_for
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
    _check_member(owner)
    now, today = timezone.now(), current().tenant.today
    ticket = Ticket(
        subject=subject.strip(),
        description=description,
        priority=priority,
        company=company,
        party=standing_for(party),
        contact=contact,
        owner=owner,
        survey=survey,
    )
    _set_clocks(ticket, now)
    ticket.save()
    assign_number(ticket, scope=("service.Ticket", today.year), pattern="T-{year}-{n:05}", on=today)
    if survey is not None:
        link_documents(source_kind=survey._meta.label, source=survey.pk, target=ticket)
    publish(
        events.TicketOpened(
            subject=ticket.pk, party=ticket.party.pk, priority=ticket.priority, survey=survey.pk if survey else None
        )
    )
    return ticket


def _set_clocks(ticket: Ticket, opened_at: datetime) -> None:
    level = SlaPolicy.objects.filter(priority=ticket.priority).first()
    ticket.response_due_at = opened_at + timedelta(hours=level.response_hours) if level else None
    ticket.resolve_due_at = opened_at + timedelta(hours=level.resolve_hours) if level else None


def _check_member(owner: UUID | None) -> None:
    if owner is not None and owner != current().actor.member_id and not active_among(members=[owner]):
        raise Refused("NOT_FOUND", _("There is no such active member."), "owner")


@service(permission="service.ticket_update")
def change_ticket(
    *,
    ticket: Ticket,
    subject: str | None = None,
    description: str | None = None,
    priority: Priority | None = None,
    contact: Party | None = None,
    org_unit: OrgUnit | None = None,
) -> Ticket:
    """Change what a ticket says; what is left out stays. Another priority sets its clocks anew, from when it was opened."""
    ticket = _locked(ticket)
    if ticket.state == Ticket.State.CLOSED:
        raise Refused("STATE", _("A closed ticket stays as it is."), "state")
    if subject is not None and not subject.strip():
        raise Refused("REQUIRED", _("A ticket has a subject."), "subject")
    given = {"subject": subject, "description": description, "priority": priority, "contact": contact, "org_unit": org_unit}
    for name, value in given.items():
        if value is not None:
            setattr(ticket, name, value)
    if priority is not None:
        _set_clocks(ticket, ticket.created_at)
    ticket.save()
    return ticket


@service(permission="service.ticket_take")
def take_ticket(*, ticket: Ticket, owner: UUID | None = None) -> Ticket:
    """Begin to work on a ticket: the caller, or the member named; the first one stops the response clock."""
    _check_member(owner)
    ticket = _locked(ticket)
    ticket.owner = owner or current().actor.member_id or ticket.owner
    if ticket.owner is None:
        raise Refused("REQUIRED", _("Say who works on it."), "owner")
    ticket.first_response_at, ticket.resolved_at = ticket.first_response_at or timezone.now(), None
    if ticket.state == Ticket.State.IN_PROGRESS:
        ticket.save()
    else:
        move(ticket, Ticket.State.IN_PROGRESS, also=("owner", "first_response_at", "resolved_at"))
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
