"""The page behind the link in the letter: what it asks, and what becomes of an answer."""

import pytest
from django.test import Client
from tessera.accounts.tests.hosts import host_of

from modules.crm.service.models import Survey, Ticket
from modules.crm.service.services import token_of
from modules.crm.service.tests.test_surveys import ask

LANGUAGES = {
    "en": ("Score", "Comment", "From 1, bad, to 5, good", "Thank you"),
    "zh-CN": ("评分", "意见", "1 分最差，5 分最好", "谢谢"),
}


@pytest.fixture
def path(service):
    return f"/public/surveyAnswer/{token_of(ask())}"


@pytest.fixture
def customer(tenant):
    return Client(HTTP_HOST=host_of(tenant), enforce_csrf_checks=True)


@pytest.mark.parametrize(("language", "words"), LANGUAGES.items())
def test_a_customer_is_asked_and_thanked_in_its_language(customer, path, language, words):
    score, comment, scale, thanks = words
    form = customer.get(path, HTTP_ACCEPT_LANGUAGE=language).content.decode()
    assert f">{score}</label>" in form and f">{comment}</label>" in form and scale in form
    done = customer.post(path, {"score": "2", "comment": "Late"}, HTTP_ACCEPT_LANGUAGE=language)
    assert done.status_code == 200 and thanks in done.content.decode()
    survey = Survey.objects.get()
    assert (survey.state, survey.score, survey.comment, Ticket.objects.count()) == ("answered", 2, "Late", 1)


@pytest.mark.parametrize(("score", "word"), [("", "required"), ("seven", "whole number"), ("7", "between 1 and 5")])
def test_a_bad_score_is_told_at_its_field_and_changes_nothing(customer, path, score, word):
    answer = customer.post(path, {"score": score, "comment": "Late"})
    assert answer.status_code == 400
    text = answer.content.decode()
    assert word in text and 'id="id_score_error"' in text and "Late" in text
    assert Survey.objects.get().state == "sent"


def test_an_answered_survey_takes_no_other_answer(customer, path):
    assert customer.post(path, {"score": "5"}).status_code == 200
    assert customer.post(path, {"score": "5"}).status_code == 200  # sent twice, the first answer was lost
    again = customer.post(path, {"score": "1"})
    assert again.status_code == 400 and "This survey is answered already." in again.content.decode()
    assert Survey.objects.get().score == 5
