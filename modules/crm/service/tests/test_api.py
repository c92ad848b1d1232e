"""Service as people meet it: a customer with a link and no account, an agent with just the rights of one."""

from datetime import timedelta

import pytest
from django.conf import settings
from django.test import Client
from django.utils import timezone
from tessera.access.models import Member
from tessera.access.services.roles import propose_roles
from tessera.context import EVERYTHING, Actor, Reach, system
from tessera.fields import new_id
from tessera.module import modules
from tessera.testing.asking import ask, id_of, told
from tessera.testing.plugin import entered
from tessera.unit_of_work import unit_of_work

from modules.base.api import create_party
from modules.base.tests.factories import make_company
from modules.crm.service.models import SlaPolicy, Survey, Ticket
from modules.crm.service.services import open_ticket, send_survey, token_of


@pytest.fixture
def agent(inside, tenant):
    """Enter as a service agent of one company: the role that service proposes, and the masters to read."""
    company = make_company()
    (role, *_others) = propose_roles(modules=[modules()["service"]])
    there = Reach(own=True, companies=frozenset([company.pk]))
    rights = dict.fromkeys(role.permissions.values_list("permission", flat=True), there)
    with unit_of_work():
        sam = Member(name="Sam", email="sam@example.com", account_id=new_id(), state="active")
        sam.save()
    party = create_party(name="Alfreds")
    reading = dict.fromkeys(("base.company_view", "base.party_view", "access.member_view"), EVERYTHING)
    with entered(tenant, actor=Actor(kind="member", member_id=sam.pk, name="Sam", grants=rights | reading)):
        yield sam, company, party


def test_an_agent_takes_a_ticket_from_opening_to_closing(agent):
    _sam, company, party = agent
    given = f'subject: "Wet box", company: "{id_of(company)}", party: "{id_of(party)}", priority: HIGH'
    node, errors = told("ticketCreate", f"input: {{{given}}}", "id number state isOverdue")
    key = node["id"]
    assert errors == [] and (node["state"], node["isOverdue"]) == ("OPEN", False)
    assert told("ticketTake", f'id: "{key}"', "state owner { name }") == ({"state": "IN_PROGRESS", "owner": {"name": "Sam"}}, [])
    assert told("ticketClose", f'id: "{key}"') == (None, [("STATE", "state")])
    assert told("ticketResolve", f'id: "{key}", input: {{resolution: ""}}') == (None, [("REQUIRED", "resolution")])
    for verb, more, state in (("Resolve", ', input: {resolution: "new box"}', "RESOLVED"), ("Reopen", "", "IN_PROGRESS"),
                              ("Resolve", ', input: {resolution: "two"}', "RESOLVED"), ("Close", "", "CLOSED")):  # fmt: skip
        assert told(f"ticket{verb}", f'id: "{key}"{more}', "state") == ({"state": state}, [])
    assert told("ticketUpdate", f'id: "{key}", input: {{subject: "other"}}') == (None, [("STATE", "state")])


def test_an_agent_sends_a_survey_again_but_not_at_once_once_more(agent):
    _sam, company, party = agent
    with unit_of_work():
        survey = Survey(document=new_id(), company=company, party=party, email="a@example.com", expires_at=timezone.now())
        survey.save()
    assert told("surveyResend", f'id: "{id_of(survey)}"', "email") == ({"email": "a@example.com"}, [])
    body = ask(f'mutation {{ surveyResend(id: "{id_of(survey)}", input: {{email: "b@example.com"}}) {{ node {{ id }} }} }}')
    (error,) = body["errors"]
    assert error["extensions"]["code"] == "RATE_LIMITED"
    assert 0 < error["extensions"]["retryAfter"] <= 600
    assert Survey.objects.get().email == "a@example.com"


def test_another_priority_sets_the_clocks_anew_from_the_opening(agent):
    _sam, company, party = agent
    key = told("ticketCreate", f'input: {{subject: "Wet", company: "{id_of(company)}", party: "{id_of(party)}"}}')[0]["id"]
    assert told("ticketUpdate", f'id: "{key}", input: {{priority: URGENT}}', "priority") == ({"priority": "URGENT"}, [])
    ticket, level = Ticket.objects.get(), SlaPolicy.objects.get(priority="urgent")
    assert ticket.response_due_at - ticket.created_at < timedelta(hours=level.response_hours, seconds=1)
    assert ticket.resolve_due_at - ticket.response_due_at == timedelta(hours=level.resolve_hours - level.response_hours)


def test_an_owner_who_is_no_member_is_refused(agent):
    _sam, company, party = agent
    given = f'subject: "Wet", company: "{id_of(company)}", party: "{id_of(party)}"'
    assert told("ticketCreate", f'input: {{{given}, owner: "{new_id()}"}}') == (None, [("NOT_FOUND", "owner")])
    key = told("ticketCreate", f"input: {{{given}}}")[0]["id"]
    assert told("ticketTake", f'id: "{key}", input: {{owner: "{new_id()}"}}') == (None, [("NOT_FOUND", "owner")])


def test_an_agent_sees_the_tickets_of_its_companies_only(agent, tenant):
    _sam, _company, party = agent
    with entered(tenant, actor=system("test")):
        open_ticket(subject="Elsewhere", company=make_company("OTHER"), party=party)
    assert ask("{ tickets { totalCount nodes { subject } } }")["data"]["tickets"] == {"totalCount": 0, "nodes": []}


def test_a_ticket_taken_up_again_is_not_solved_any_more(agent):
    _sam, company, party = agent
    key = told("ticketCreate", f'input: {{subject: "Wet", company: "{id_of(company)}", party: "{id_of(party)}"}}')[0]["id"]
    told("ticketResolve", f'id: "{key}", input: {{resolution: "new box"}}')
    assert told("ticketTake", f'id: "{key}"', "state resolvedAt") == ({"state": "IN_PROGRESS", "resolvedAt": None}, [])


@pytest.fixture
def link(tenant):
    """Return the path of a survey's link, and a browser without any cookie."""
    with entered(tenant, actor=system("test")):
        survey = send_survey(
            kind="orders.SalesOrder", document=new_id(), number="SO-1", company=make_company(), party=create_party(name="Alfreds")
        )
        path = f"/public/surveyAnswer/{token_of(survey)}"
    return path, Client(HTTP_HOST=f"{tenant.slug}.{settings.BASE_DOMAIN}", enforce_csrf_checks=True)


def test_a_customer_answers_by_the_link_once(tenant, link):
    path, client = link
    assert "score" in client.get(path).content.decode()
    assert client.post(path, {"score": "7"}).status_code == 400
    assert client.post(path, {"score": "2", "comment": "wet"}).status_code == 200
    assert client.post(path, {"score": "5"}).status_code == 400
    with entered(tenant, actor=system("test")):
        survey = Survey.objects.get()
        assert (survey.state, survey.score, survey.comment) == ("answered", 2, "wet")
        assert Ticket.objects.get().survey == survey


def test_a_link_that_is_old_forged_or_of_another_company_changes_nothing(tenant, other_tenant, link):
    path, client = link
    foreign = Client(HTTP_HOST=f"{other_tenant.slug}.{settings.BASE_DOMAIN}")
    answers = [client.post(path + "x", {"score": "1"}), foreign.post(path, {"score": "1"})]
    with entered(tenant, actor=system("test")), unit_of_work():
        Survey.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    answers.append(client.post(path, {"score": "1"}))
    assert [answer.status_code for answer in answers] == [400, 400, 400]
    with entered(tenant, actor=system("test")):
        assert Survey.objects.get().score is None and not Ticket.objects.exists()
