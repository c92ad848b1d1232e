"""A member leaves: nothing it was asked waits for it, and each task goes on as somebody's own."""

from datetime import timedelta

import pytest
from tessera.access.services import assign_role, deactivate_member
from tessera.access.tests.people import make_role
from tessera.audit.selectors import history_of
from tessera.lineage.models import TransitionHold

from modules.oa.workflow.models import ApprovalTask
from modules.oa.workflow.selectors import today
from modules.oa.workflow.services import approve_task, create_delegation
from modules.oa.workflow.steps import ProcessStep
from modules.oa.workflow.tests.cast import asked, being, process, request, task_of
from tests.samples.library.services import print_book


@pytest.fixture
def leave(drain):
    def go(member, heir=None) -> None:
        deactivate_member(member=member, hand_over_to=heir)
        drain()

    return go


def held(cast, *members, fallback_role="", **step) -> None:
    process(ProcessStep(members=[each.pk for each in members], **step), fallback_role=fallback_role)
    with being(cast.bob):
        print_book(book=cast.book, pages=10)


def test_a_task_goes_to_the_heir_and_is_decided_there(cast, leave):
    held(cast, cast.cyd)
    leave(cast.cyd, cast.dan)
    assert asked() == ["dan"]
    assert task_of(cast.dan).transferred_from == cast.cyd.pk
    gone = ApprovalTask.objects.get(assignee=cast.cyd.pk)
    assert (gone.state, history_of(gone)[-1].after["state"]) == ("handed_on", "handed_on")
    with being(cast.dan):
        approve_task(task=task_of(cast.dan))
    assert request().state == "approved"


def test_without_an_heir_the_deputy_is_asked(cast, leave):
    held(cast, cast.cyd)
    with being(cast.cyd):
        create_delegation(deputy=cast.eve.pk, starts_on=today(), ends_on=today() + timedelta(days=3))
    leave(cast.cyd)
    assert asked() == ["eve"]


def test_without_a_deputy_the_manager_is_asked(cast, leave):
    cast.manage(cast.ada, cast.cyd)
    held(cast, cast.cyd)
    leave(cast.cyd)
    assert asked() == ["ada"]


def test_without_a_manager_the_fallback_role_is_asked(cast, leave):
    assign_role(member=cast.eve, role=make_role("keepers", library__author_view="all"))
    held(cast, cast.cyd, fallback_role="keepers")
    leave(cast.cyd)
    assert asked() == ["eve"]


def test_an_heir_who_is_asked_already_or_asked_for_it_is_passed_over(cast, leave):
    cast.manage(cast.ada, cast.cyd)
    held(cast, cast.cyd, cast.dan)
    leave(cast.cyd, cast.dan)
    assert sorted(asked()) == ["ada", "dan"]


def test_a_task_that_waits_for_its_turn_goes_on_waiting(cast, leave):
    held(cast, cast.dan, cast.cyd, sequential=True)
    leave(cast.cyd, cast.eve)
    assert asked() == ["dan"]
    with being(cast.dan):
        approve_task(task=task_of(cast.dan))
    assert asked() == ["eve"]


def test_with_nobody_left_the_request_returns_to_its_requester(cast, leave):
    held(cast, cast.cyd)
    leave(cast.cyd)
    assert (request().round, request().step, asked()) == (2, 0, ["bob"])


def test_the_requests_of_a_member_who_leaves_are_withdrawn(cast, leave):
    held(cast, cast.cyd)
    leave(cast.bob)
    assert (request().state, TransitionHold.objects.get().state, asked()) == ("withdrawn", "withdrawn", [])
