"""Decide, and hand on what is to be decided. Votes are only ever added."""

from typing import Any
from uuid import UUID

from django.utils import timezone
from django.utils.translation import gettext as _
from tessera.api import Forbidden, Refused, active_among, close_hold, current, lock_for_update, publish, service

from modules.oa.workflow.events import InstanceReturned
from modules.oa.workflow.models import ApprovalTask, ProcessInstance, Vote
from modules.oa.workflow.selectors import barred
from modules.oa.workflow.services.instances import Task, drop_tasks, end, is_stale, open_step, open_task, release
from modules.oa.workflow.steps import ProcessStep, StepRule, step_of


def _mine(task: ApprovalTask) -> tuple[ApprovalTask, ProcessInstance]:
    """Lock the request of a task and return both, if the actor is asked now."""
    (instance,) = lock_for_update(ProcessInstance.objects.filter(pk=task.instance_id))
    row = ApprovalTask.objects.get(pk=task.pk)
    if current().actor.member_id != row.assignee:
        raise Forbidden("workflow.task_decide")
    if row.state != Task.OPEN or instance.state != ProcessInstance.State.RUNNING:
        raise Refused("STATE", _("This is not to be decided any more."), "state")
    return row, instance


def _vote(task: ApprovalTask, decision: str, state: str, comment: str) -> None:
    if task.step == 0:
        raise Refused("STATE", _("A returned request is submitted again or withdrawn."), "state")
    if decision != Vote.Decision.APPROVE and not comment.strip():
        raise Refused("REQUIRED", _("Say why."), "comment")
    Vote(
        task=task,
        instance=task.instance,
        round=task.round,
        step=task.step,
        member=task.assignee,
        acting_for=task.acting_for,
        decision=decision,
        comment=comment,
    ).save()
    task.state = state
    task.decided_at = timezone.now()
    task.save()


@service(permission="workflow.task_decide")
def approve_task(*, task: ApprovalTask, comment: str = "") -> ApprovalTask:
    """Approve; the last approval of the last step runs what was held, as whoever asked for it."""
    row, instance = _mine(task)
    if not is_stale(instance):
        _vote(row, Vote.Decision.APPROVE, Task.APPROVED, comment)
        _go_on(instance, comment)
    row.refresh_from_db()
    return row


@service(permission="workflow.task_decide")
def reject_task(*, task: ApprovalTask, comment: str) -> ApprovalTask:
    """Reject; the request ends once its step can no longer find enough approvals."""
    row, instance = _mine(task)
    if not is_stale(instance):
        _vote(row, Vote.Decision.REJECT, Task.REJECTED, comment)
        _go_on(instance, comment)
    row.refresh_from_db()
    return row


@service(permission="workflow.task_decide")
def return_task(*, task: ApprovalTask, comment: str, to_step: int = 0) -> ApprovalTask:
    """Return the request to its requester (0) or to a step up to this one; a new round begins there."""
    row, instance = _mine(task)
    if not 0 <= to_step <= row.step:
        raise Refused("INVALID", _("Return to the requester (0) or to a step up to this one."), "to_step")
    if not is_stale(instance):
        _vote(row, Vote.Decision.RETURN, Task.RETURNED, comment)
        drop_tasks(instance)
        instance.round += 1
        open_step(instance, to_step)
        publish(
            InstanceReturned(
                subject=instance.pk, kind=instance.kind, document=instance.document, round=instance.round, step=to_step
            )
        )
    row.refresh_from_db()
    return row


def _go_on(instance: ProcessInstance, comment: str) -> None:
    """See what the votes of the current step say: enough, never enough any more, or wait (and ask the next)."""
    tasks = list(
        instance.tasks.filter(round=instance.round, step=instance.step).exclude(state=Task.HANDED_ON).order_by("position")
    )
    asked = [task for task in tasks if task.added_by is None]
    added = [task for task in tasks if task.added_by is not None]
    plan: ProcessStep = step_of(instance.definition.steps[instance.step - 1])
    needed = plan.enough(len(asked)) if plan.rule != StepRule.ALL else len(asked)
    approved = sum(task.state == Task.APPROVED for task in asked)
    rejected = sum(task.state == Task.REJECTED for task in asked)
    if len(asked) - rejected < needed or any(task.state == Task.REJECTED for task in added):
        close_hold(hold=instance.hold, state="rejected", reason=comment)
        end(instance, ProcessInstance.State.REJECTED, comment)
    elif any(task.state == Task.OPEN for task in added):
        return
    elif approved >= needed:
        drop_tasks(instance)
        if instance.step < len(instance.definition.steps):
            open_step(instance, instance.step + 1)
        else:
            end(instance, ProcessInstance.State.APPROVED)
            release(instance)
    elif not any(task.state == Task.OPEN for task in asked):
        open_task(next(task for task in asked if task.state == Task.WAITING))


def _hand_on(task: ApprovalTask, member: UUID, **marks: Any) -> ApprovalTask:
    row, instance = _mine(task)
    if row.step == 0:
        raise Refused("STATE", _("A returned request is submitted again or withdrawn."), "state")
    _check_member(instance, member)
    row.state, row.decided_at = Task.HANDED_ON, timezone.now()
    row.save()
    return further(row, member, **marks)


def _check_member(instance: ProcessInstance, member: UUID) -> None:
    if not active_among(members=[member]):
        raise Refused("NOT_FOUND", _("There is no such active member."), "member")
    if member in barred(instance):
        raise Refused("FORBIDDEN", _("Nobody decides on their own request."), "member")


def further(row: ApprovalTask, member: UUID, *, waiting: bool = False, **marks: UUID | None) -> ApprovalTask:
    """Ask a further member in the place of a task, or let it wait there for its turn."""
    made = ApprovalTask(
        instance=row.instance,
        kind=row.kind,
        document=row.document,
        title=row.title,
        requested_by=row.requested_by,
        round=row.round,
        step=row.step,
        position=row.position,
        assignee=member,
        **marks,
    )
    if waiting:
        made.state = Task.WAITING
        made.save()
    else:
        open_task(made)
    return made


@service(permission="workflow.task_hand_on")
def transfer_task(*, task: ApprovalTask, member: UUID) -> ApprovalTask:
    """Hand a task on for good: it is now the other member's own."""
    return _hand_on(task, member, transferred_from=task.assignee, added_by=task.added_by)


@service(permission="workflow.task_hand_on")
def delegate_task(*, task: ApprovalTask, member: UUID) -> ApprovalTask:
    """Let another member decide in one's place: the vote names both."""
    return _hand_on(
        task, member, acting_for=task.acting_for or task.assignee, transferred_from=task.assignee, added_by=task.added_by
    )


@service(permission="workflow.task_hand_on")
def add_approver(*, task: ApprovalTask, member: UUID) -> ApprovalTask:
    """Ask one more member in this step; without that approval the step does not pass, whatever its rule."""
    row, instance = _mine(task)
    _check_member(instance, member)
    return further(row, member, added_by=row.assignee)
