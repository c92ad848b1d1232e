"""A delivered order is asked about once; a bad answer opens a ticket."""

import re
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.utils import timezone
from tessera.api import ApiError, Event, Forbidden, Refused
from tessera.context import ANONYMOUS, acting, system
from tessera.fields import new_id
from tessera.installation.models import InstalledModule
from tessera.lineage.models import LineLink
from tessera.outbox.models import OutboxEvent
from tessera.testing.events import drain, tell_again
from tessera.testing.plugin import entered
from tessera.unit_of_work import unit_of_work

from modules.base.api import ContactPoint, ContactPointInput, create_party
from modules.base.tests.factories import make_company
from modules.crm.service.handlers import ask_the_customer
from modules.crm.service.models import Survey, Ticket
from modules.crm.service.services import answer_survey, expire_surveys, mail_survey, resend_survey, surveys, token_of
from modules.crm.service.tests.conftest import SERVICE


def problem_of(refusal) -> tuple:
    found = refusal.value.problems[0]
    return found.code, found.field


def delivered(email: str = "maria@alfreds.example", language: str = "") -> Event:
    """Return the fact that an order of Alfreds is delivered."""
    points = [ContactPointInput(kind=ContactPoint.Kind.EMAIL, value=email)] if email else []
    party = create_party(name="Alfreds", contact_points=points, language=language)
    data = {"company": str(make_company().pk), "party": str(party.pk), "number": "SO-2026-00001", "contact": None}
    return Event(
        id=new_id(),
        name="orders.sales_order_delivered",
        version=1,
        subject=new_id(),
        seq=2,
        data=data,
        recorded_at=timezone.now(),
    )


def ask(**values) -> Survey:
    with unit_of_work():
        ask_the_customer(delivered(**values))
    return Survey.objects.get()


def links_in(mailbox) -> list[str]:
    return re.findall(r"http\S+", "\n".join(letter.body for letter in mailbox))


def test_a_delivery_told_twice_asks_and_mails_once(service, mailoutbox):
    event = delivered()
    for _ in range(2):
        with unit_of_work():
            ask_the_customer(event)
    drain()
    tell_again()
    survey = Survey.objects.get()
    assert (survey.document, survey.state, survey.email) == (event.subject, "sent", "maria@alfreds.example")
    (letter,) = mailoutbox
    assert (letter.to, letter.subject) == (["maria@alfreds.example"], "How was your order SO-2026-00001?")
    (link,) = links_in(mailoutbox)
    assert link.startswith("http://a.localhost:8000/public/surveyAnswer/")
    link_row = LineLink.objects.get()
    assert (link_row.type, link_row.source_kind, link_row.source_document, link_row.target_document) == (
        "derives", "orders.SalesOrder", event.subject, survey.pk,
    )  # fmt: skip
    answered = answer_survey(token=link.rsplit("/", 1)[1], score=5)
    assert (answered.state, answered.score) == ("answered", 5)
    assert not Ticket.objects.exists()


def test_without_an_address_nothing_is_mailed_until_one_is_named(service, mailoutbox):
    survey = ask(email="")
    drain()
    assert (mailoutbox, survey.mailed_at) == ([], None)
    with pytest.raises(Refused) as refusal:
        resend_survey(survey=survey)
    assert problem_of(refusal) == ("REQUIRED", ("email",))
    with pytest.raises(Refused) as refusal:
        resend_survey(survey=survey, email="nobody")
    assert problem_of(refusal) == ("INVALID", ("email",))
    resend_survey(survey=survey, email="eve@alfreds.example")
    drain()
    assert [letter.to for letter in mailoutbox] == [["eve@alfreds.example"]]


def test_a_low_score_opens_one_ticket(service):
    survey = ask()
    token = token_of(survey)
    with acting(ANONYMOUS):
        answered = answer_survey(token=token, score=2, comment="a box was wet")
    ticket = Ticket.objects.get()
    assert (ticket.survey, ticket.party, ticket.priority, ticket.state) == (answered, survey.party, "high", "open")
    assert (ticket.subject, ticket.description) == ("2 of 5 for order SO-2026-00001", "a box was wet")
    assert ticket.number == f"T-{timezone.now().year}-00001"
    assert LineLink.objects.get(target_kind="service.Ticket").source_document == survey.pk
    assert OutboxEvent.objects.get(name="service.survey_answered").data == {"score": 2, "party": str(survey.party_id)}
    with pytest.raises(Refused) as refusal:
        answer_survey(token=token, score=1)
    assert problem_of(refusal) == ("STATE", ("token",))
    assert Ticket.objects.count() == 1


@pytest.mark.parametrize(("threshold", "score", "tickets"), [(2, 3, 0), (3, 3, 1), (0, 1, 0)])
def test_what_is_low_is_a_setting(service, threshold, score, tickets):
    with unit_of_work():
        InstalledModule.objects.filter(label="service").delete()
        InstalledModule(label="service", module_version="1.0", state="on", settings={"low_score": threshold}).save()
    answer_survey(token=token_of(ask()), score=score)
    assert Ticket.objects.count() == tickets


@pytest.mark.parametrize("score", [0, 6, -1])
def test_a_score_outside_the_range_is_refused(service, score):
    token = token_of(ask())
    with pytest.raises(Refused) as refusal:
        answer_survey(token=token, score=score)
    assert problem_of(refusal) == ("INVALID", ("score",))
    assert Survey.objects.get().state == "sent"


def test_forged_outdated_and_foreign_links_are_refused_alike(service, other_tenant):
    survey = ask()
    token = token_of(survey)
    resend_survey(survey=survey)
    with entered(other_tenant, actor=system("test"), modules=SERVICE):
        foreign = token_of(Survey(pk=survey.pk, serial=2))
    for bad in ("", "x", token + "x", token, foreign):
        with pytest.raises(Refused) as refusal:
            answer_survey(token=bad, score=5)
        assert problem_of(refusal) == ("NOT_FOUND", ("token",))


def limited(**asked) -> int:
    """Send a survey again too often; return the seconds to wait."""
    with pytest.raises(ApiError) as error:
        resend_survey(**asked)
    assert error.value.code == "RATE_LIMITED"
    return error.value.extensions["retryAfter"]


def test_a_letter_is_sent_again_once_in_ten_minutes(service):
    with time_machine.travel(datetime(2026, 3, 2, 9, tzinfo=UTC), tick=False) as clock:
        survey = ask()
        resend_survey(survey=survey)
        clock.shift(timedelta(minutes=4))
        assert limited(survey=survey, email="eve@alfreds.example") == 360
        assert (Survey.objects.get().serial, Survey.objects.get().email) == (2, "maria@alfreds.example")
        clock.shift(timedelta(minutes=6))
        assert resend_survey(survey=survey, email="eve@alfreds.example").serial == 3


def test_a_hundred_letters_an_hour_are_sent_again(service, monkeypatch):
    monkeypatch.setattr(surveys, "MOST_AN_HOUR", 2)
    with time_machine.travel(datetime(2026, 3, 2, 9, tzinfo=UTC), tick=False) as clock:
        first = ask()
        with unit_of_work():
            others = [Survey(document=new_id(), company=first.company, party=first.party, email=first.email) for _ in range(2)]
            for each in others:
                each.expires_at = first.expires_at
                each.save()
        resend_survey(survey=first)
        clock.shift(timedelta(minutes=20))
        resend_survey(survey=others[0])
        assert limited(survey=others[1]) == 40 * 60
        clock.shift(timedelta(minutes=40))
        assert resend_survey(survey=others[1]).serial == 2


def test_an_earlier_letter_is_not_mailed_after_a_newer_one(service, mailoutbox):
    survey = ask()
    resend_survey(survey=survey)
    assert [mail_survey(survey=survey.pk, serial=serial) for serial in (1, 2, 2)] == [False, True, False]
    assert len(mailoutbox) == 1


def test_a_letter_that_was_answered_before_it_was_noted_was_mailed(service, mailoutbox):
    """Who mailed it may have been killed before the note was kept: the mail server had it, and the customer was faster than the retry."""
    answer_survey(token=token_of(ask()), score=5)
    drain()
    survey = Survey.objects.get()
    assert (mailoutbox, survey.mailed_at) == ([], survey.answered_at)


def test_a_late_survey_expires(service):
    survey = ask()
    token = token_of(survey)
    with unit_of_work():
        survey.expires_at = timezone.now() - timedelta(seconds=1)
        survey.save()
    with pytest.raises(Refused) as refusal:
        answer_survey(token=token, score=5)
    assert problem_of(refusal) == ("NOT_FOUND", ("token",))
    assert (expire_surveys(), expire_surveys()) == (1, 0)
    assert Survey.objects.get().state == "expired"


def test_sending_is_for_the_system_alone(service, as_member):
    from modules.crm.service.services import send_survey

    as_member("service.survey_view")
    with pytest.raises(Forbidden):
        send_survey(kind="orders.SalesOrder", document=new_id(), number="1", company=None, party=None)
