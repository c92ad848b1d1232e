"""Who decides, how many, in whose place; votes stay."""

from datetime import date, timedelta

import pytest
from django.db import IntegrityError, connections, transaction
from tessera.errors import Forbidden, Refused
from tessera.lineage.models import TransitionHold

from modules.oa.workflow.models import ApprovalTask, ProcessInstance, Vote
from modules.oa.workflow.selectors import open_tasks, today
from modules.oa.workflow.services import (
    add_approver,
    approve_task,
    create_delegation,
    delegate_task,
    end_delegation,
    reject_task,
    resubmit_request,
    return_task,
    transfer_task,
    withdraw_request,
)
from modules.oa.workflow.steps import ProcessStep, StepRule
from modules.oa.workflow.tests.cast import Cast, asked, being, process, request, task_of
from tests.samples.library.services import print_book

State = ProcessInstance.State


def held(cast: Cast, *steps: ProcessStep) -> None:
    process(*steps)
    with being(cast.bob):
        print_book(book=cast.book, pages=10)


def approve(member):
    with being(member):
        return approve_task(task=task_of(member))


def reject(member):
    with being(member):
        return reject_task(task=task_of(member), comment="no")


def three(cast, **given) -> ProcessStep:
    return ProcessStep(members=[cast.ada.pk, cast.cyd.pk, cast.dan.pk], **given)


def test_any_one_approval_is_enough(cast):
    held(cast, three(cast, rule=StepRule.ANY))
    reject(cast.ada)
    approve(cast.dan)
    assert (request().state, asked()) == (State.APPROVED, [])
    assert ApprovalTask.objects.get(assignee=cast.cyd.pk).state == ApprovalTask.State.DROPPED


def test_all_must_approve_and_one_rejection_ends_it(cast):
    held(cast, three(cast))
    approve(cast.ada)
    reject(cast.cyd)
    assert (request().state, asked()) == (State.REJECTED, [])


def test_two_of_three_pass_and_two_rejections_end_it(cast):
    held(cast, three(cast, rule=StepRule.N_OF_M, needed=2))
    reject(cast.ada)
    assert request().state == State.RUNNING
    approve(cast.cyd)
    approve(cast.dan)
    assert request().state == State.APPROVED


def test_when_enough_approvals_cannot_come_any_more_the_request_is_rejected(cast):
    held(cast, three(cast, rule=StepRule.N_OF_M, needed=2))
    reject(cast.ada)
    reject(cast.cyd)
    assert request().state == State.REJECTED


def test_more_approvals_than_approvers_are_refused_at_the_start(cast):
    with pytest.raises(Refused):
        held(cast, three(cast, rule=StepRule.N_OF_M, needed=4))


def test_a_sequential_step_asks_one_after_the_other(cast):
    held(cast, three(cast, sequential=True))
    for member in (cast.ada, cast.cyd, cast.dan):
        assert asked() == [member.name]
        approve(member)
    assert request().state == State.APPROVED


def test_a_sequential_step_of_any_goes_on_after_a_rejection(cast):
    held(cast, three(cast, rule=StepRule.ANY, sequential=True))
    reject(cast.ada)
    assert asked() == ["cyd"]
    approve(cast.cyd)
    assert request().state == State.APPROVED


def test_steps_follow_each_other(cast):
    held(cast, ProcessStep(members=[cast.cyd.pk]), ProcessStep(members=[cast.dan.pk]))
    approve(cast.cyd)
    assert (request().step, asked()) == (2, ["dan"])


def test_the_manager_of_the_requester_is_asked(cast):
    cast.manage(cast.ada, cast.bob)
    held(cast, ProcessStep(manager=True))
    assert asked() == ["ada"]


def test_the_requester_never_decides_on_the_own_request(cast):
    held(cast, ProcessStep(members=[cast.bob.pk, cast.cyd.pk]))
    assert asked() == ["cyd"]
    for hand_on in (transfer_task, delegate_task, add_approver):
        with being(cast.cyd), pytest.raises(Refused) as refusal:
            hand_on(task=task_of(cast.cyd), member=cast.bob.pk)
        assert refusal.value.problems[0].code == "FORBIDDEN"


def test_only_who_is_asked_decides(cast):
    held(cast, ProcessStep(members=[cast.cyd.pk]))
    task = task_of(cast.cyd)
    for other in (cast.bob, cast.eve):
        with being(other), pytest.raises(Forbidden):
            approve_task(task=task)
    assert not Vote.objects.exists()


def test_nobody_decides_twice(cast):
    held(cast, three(cast))
    task = task_of(cast.cyd)
    approve(cast.cyd)
    with being(cast.cyd), pytest.raises(Refused) as refusal:
        approve_task(task=task)
    assert refusal.value.problems[0].code == "STATE"


def test_a_rejection_needs_a_comment(cast):
    held(cast, ProcessStep(members=[cast.cyd.pk]))
    with being(cast.cyd), pytest.raises(Refused) as refusal:
        reject_task(task=task_of(cast.cyd), comment=" ")
    assert refusal.value.problems[0].field == ("comment",)


def test_a_returned_request_is_submitted_again_in_a_new_round(cast):
    held(cast, ProcessStep(members=[cast.cyd.pk]), ProcessStep(members=[cast.dan.pk]))
    approve(cast.cyd)
    with being(cast.dan):
        return_task(task=task_of(cast.dan), comment="why ten pages?")
    assert (request().round, request().step, asked()) == (2, 0, ["bob"])
    with being(cast.bob), pytest.raises(Refused):
        approve_task(task=task_of(cast.bob))
    with being(cast.bob):
        resubmit_request(instance=request(), comment="it is a short story")
    assert asked() == ["cyd"]
    approve(cast.cyd)
    approve(cast.dan)
    assert request().state == State.APPROVED
    votes = Vote.objects.order_by("recorded_at").values_list("round", "step", "decision")
    assert list(votes) == [(1, 1, "approve"), (1, 2, "return"), (2, 1, "approve"), (2, 2, "approve")]


def test_a_request_can_be_returned_to_an_earlier_step(cast):
    held(cast, ProcessStep(members=[cast.cyd.pk]), ProcessStep(members=[cast.dan.pk]))
    approve(cast.cyd)
    with being(cast.dan):
        return_task(task=task_of(cast.dan), comment="look again", to_step=1)
    assert (request().round, asked()) == (2, ["cyd"])


def test_a_transferred_task_is_the_others_own(cast):
    held(cast, ProcessStep(members=[cast.cyd.pk]))
    with being(cast.cyd):
        made = transfer_task(task=task_of(cast.cyd), member=cast.dan.pk)
    assert (made.assignee, made.acting_for, made.transferred_from) == (cast.dan.pk, None, cast.cyd.pk)
    approve(cast.dan)
    assert request().state == State.APPROVED


def test_a_delegated_task_names_both(cast):
    held(cast, ProcessStep(members=[cast.cyd.pk]))
    with being(cast.cyd):
        delegate_task(task=task_of(cast.cyd), member=cast.dan.pk)
    approve(cast.dan)
    vote = Vote.objects.get()
    assert (vote.member, vote.acting_for) == (cast.dan.pk, cast.cyd.pk)


def test_a_member_who_is_asked_already_gets_no_second_task(cast):
    held(cast, three(cast))
    with being(cast.cyd), pytest.raises(Refused) as refusal:
        transfer_task(task=task_of(cast.cyd), member=cast.dan.pk)
    assert refusal.value.problems[0].code == "CONFLICT"
    assert asked() == ["ada", "cyd", "dan"]


def test_an_added_approver_has_to_approve_whatever_the_rule(cast):
    held(cast, three(cast, rule=StepRule.ANY))
    with being(cast.cyd):
        add_approver(task=task_of(cast.cyd), member=cast.eve.pk)
    approve(cast.cyd)
    assert request().state == State.RUNNING
    approve(cast.eve)
    assert request().state == State.APPROVED


def test_a_deputy_is_asked_in_the_members_place_while_it_stands_in(cast):
    with being(cast.cyd):
        create_delegation(deputy=cast.eve.pk, starts_on=today(), ends_on=today() + timedelta(days=3))
    held(cast, ProcessStep(members=[cast.cyd.pk, cast.dan.pk]))
    assert asked() == ["eve", "dan"]
    assert task_of(cast.eve).acting_for == cast.cyd.pk


def test_the_requester_does_not_stand_in_for_an_approver(cast):
    with being(cast.cyd):
        create_delegation(deputy=cast.bob.pk, starts_on=today(), ends_on=today())
    held(cast, ProcessStep(members=[cast.cyd.pk]))
    assert asked() == ["cyd"]


def test_two_members_with_the_same_deputy_make_one_task(cast):
    for member in (cast.cyd, cast.dan):
        with being(member):
            create_delegation(deputy=cast.eve.pk, starts_on=today(), ends_on=today())
    held(cast, ProcessStep(members=[cast.cyd.pk, cast.dan.pk]))
    assert asked() == ["eve"]
    approve(cast.eve)
    assert request().state == State.APPROVED


def test_one_has_one_deputy_at_a_time(cast):
    with being(cast.cyd):
        first = create_delegation(deputy=cast.eve.pk, starts_on=date(2026, 3, 1), ends_on=date(2026, 3, 10))
        with pytest.raises(Refused) as refusal:
            create_delegation(deputy=cast.dan.pk, starts_on=date(2026, 3, 10), ends_on=date(2026, 3, 12))
        assert refusal.value.problems[0].code == "CONFLICT"
        for wrong in ({"ends_on": date(2026, 2, 1)}, {"deputy": cast.cyd.pk}):
            with pytest.raises(Refused):
                create_delegation(**{"deputy": cast.dan.pk, "starts_on": date(2026, 5, 1), "ends_on": date(2026, 5, 2), **wrong})
    with being(cast.dan), pytest.raises(Forbidden):
        end_delegation(delegation=first)


def test_a_withdrawn_request_frees_the_document(cast):
    held(cast, ProcessStep(members=[cast.cyd.pk]))
    with being(cast.eve), pytest.raises(Forbidden):
        withdraw_request(instance=request())
    with being(cast.bob):
        withdraw_request(instance=request(), comment="not yet")
    assert (request().state, TransitionHold.objects.get().state, asked()) == (State.WITHDRAWN, "withdrawn", [])
    with being(cast.bob), pytest.raises(Refused):
        withdraw_request(instance=request())


def test_a_vote_never_changes(cast):
    held(cast, three(cast))
    approve(cast.cyd)
    for statement in ("UPDATE workflow_vote SET decision = 'reject'", "DELETE FROM workflow_vote", "TRUNCATE workflow_vote"):
        with (
            pytest.raises(IntegrityError, match="stays as it was given")
            if "TRUNC" not in statement
            else pytest.raises(Exception),
            transaction.atomic(using="default"),
            connections["default"].cursor() as cursor,
        ):
            cursor.execute(statement)
    assert Vote.objects.get().decision == "approve"


def test_an_inbox_holds_what_one_is_asked_now(cast):
    held(cast, three(cast, sequential=True))
    assert [task.title for task in open_tasks(member=cast.ada.pk)] == [str(cast.book)]
    assert open_tasks(member=cast.cyd.pk) == []
