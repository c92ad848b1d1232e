"""A ticket goes from opening to closing, against the clocks of its priority."""

from datetime import timedelta

import pytest
from django.utils import timezone
from tessera.api import Refused
from tessera.context import EVERYTHING, Actor, acting
from tessera.fields import new_id
from tessera.unit_of_work import unit_of_work

from modules.base.api import create_party
from modules.base.tests.factories import make_company
from modules.crm.service.models import SlaPolicy, Ticket
from modules.crm.service.selectors import tickets_overdue
from modules.crm.service.services import (
    close_ticket,
    open_ticket,
    reopen_ticket,
    resolve_ticket,
    seed_service,
    take_ticket,
)


def make_ticket(**values) -> Ticket:
    from modules.base.api import Company

    company = Company.objects.first() or make_company()
    return open_ticket(subject=values.pop("subject", "Wet box"), company=company, party=create_party(name="Alfreds"), **values)


def problem_of(refusal) -> tuple:
    found = refusal.value.problems[0]
    return found.code, found.field


def acts(*permissions, member=None):
    grants = dict.fromkeys(permissions, EVERYTHING)
    return acting(Actor(kind="member", member_id=member or new_id(), name="sam", grants=grants))


def test_enabling_again_adds_no_second_level(service):
    seed_service()
    assert SlaPolicy.objects.count() == 4


def test_the_clocks_run_by_priority(service):
    ticket = make_ticket(priority="urgent")
    assert ticket.resolve_due_at - ticket.response_due_at == timedelta(hours=10)


def test_a_ticket_is_taken_resolved_reopened_and_closed(service):
    ticket, sam = make_ticket(), new_id()
    with acts("service.ticket_take", member=sam):
        taken = take_ticket(ticket=ticket)
    assert (taken.state, taken.owner) == ("in_progress", sam)
    first = taken.first_response_at
    with pytest.raises(Refused) as refusal:
        close_ticket(ticket=ticket)
    assert problem_of(refusal) == ("STATE", ("state",))
    with pytest.raises(Refused) as refusal:
        resolve_ticket(ticket=ticket, resolution=" ")
    assert problem_of(refusal) == ("REQUIRED", ("resolution",))
    assert resolve_ticket(ticket=ticket, resolution="new box").state == "resolved"
    again = reopen_ticket(ticket=ticket)
    assert (again.state, again.resolved_at, again.first_response_at) == ("in_progress", None, first)
    resolve_ticket(ticket=ticket, resolution="two new boxes")
    assert close_ticket(ticket=ticket).state == "closed"
    with pytest.raises(Refused) as refusal:
        reopen_ticket(ticket=ticket)
    assert problem_of(refusal) == ("STATE", ("state",))


def test_nobody_cannot_take_a_ticket(service):
    with pytest.raises(Refused) as refusal:
        take_ticket(ticket=make_ticket())
    assert problem_of(refusal) == ("REQUIRED", ("owner",))


def test_late_tickets_are_told_apart(service):
    late, fine = make_ticket(), make_ticket()
    with unit_of_work():
        late.response_due_at = timezone.now() - timedelta(minutes=1)
        late.save()
    assert tickets_overdue(ids=[late.pk, fine.pk]) == {late.pk: True, fine.pk: False}


def test_a_ticket_without_a_subject_is_refused(service):
    with pytest.raises(Refused) as refusal:
        make_ticket(subject=" ")
    assert problem_of(refusal) == ("REQUIRED", ("subject",))
    assert not Ticket.objects.exists()
