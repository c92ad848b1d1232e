"""The life of a request: held by the gate, through its steps, to its end."""

from typing import Any
from uuid import UUID

from django.utils import timezone
from django.utils.translation import gettext as _
from tessera.api import (
    Answer,
    Forbidden,
    Meter,
    Refused,
    Transition,
    actor_of_member,
    close_hold,
    content_hash,
    current,
    lock_for_update,
    publish,
    release_hold,
    service,
    system,
    use,
)

from modules.oa.workflow.events import InstanceApproved, InstanceEnded, InstanceStarted, TaskOpened
from modules.oa.workflow.models import ApprovalTask, ProcessInstance
from modules.oa.workflow.selectors import approved_orders, approvers_of, deputy_of, processes_for, stored_document
from modules.oa.workflow.steps import step_of

State = ProcessInstance.State
Task = ApprovalTask.State


def ask(transition: Transition) -> Answer:
    """Answer the gate: approved when each process that applies approved exactly this content."""
    processes = processes_for(transition)
    if not processes:
        return Answer.NOT_CONCERNED
    done = approved_orders(transition.document.pk, transition.target, transition.content_hash)
    return Answer.APPROVED if all(each.order in done for each in processes) else Answer.HELD


def hold(held: Any, transition: Transition) -> None:
    """Start the first process that has not approved this content yet."""
    _void_others(held)
    done = approved_orders(held.document, held.target, held.content_hash)
    definition = next(each for each in processes_for(transition) if each.order not in done)
    stored = stored_document(held)
    instance = ProcessInstance(
        definition=definition,
        kind=held.kind,
        document=held.document,
        title=str(stored)[:200],
        transition=held.target,
        content_hash=held.content_hash,
        base_hash=content_hash(stored),
        facts={name: str(value) for name, value in transition.facts.items()},
        hold=held,
        requested_by=held.requested_by or getattr(stored, "owner", None),
    )
    instance.save()
    use(Meter.AUTOMATION_RUNS)
    held.process_instance = instance.pk
    held.save()
    publish(
        InstanceStarted(
            subject=instance.pk,
            kind=instance.kind,
            document=instance.document,
            transition=instance.transition,
            requested_by=instance.requested_by,
        )
    )
    open_step(instance, 1)


def _void_others(held: Any) -> None:
    others = ProcessInstance.objects.filter(document=held.document, transition=held.target, state=State.RUNNING)
    for other in lock_for_update(others):
        end(other, State.VOID)


def open_step(instance: ProcessInstance, step: int) -> None:
    """Ask the approvers of a step (0: the requester), all at once or the first of them."""
    instance.step = step
    instance.save()
    if step == 0:
        if instance.requested_by is None:
            raise Refused("STATE", _("Nobody asked for this; return it to a step instead."), "step")
        asked: list[tuple[UUID, UUID | None]] = [(instance.requested_by, None)]
        sequential = False
    else:
        plan = step_of(instance.definition.steps[step - 1])
        found: dict[UUID, UUID | None] = {}
        for member in approvers_of(plan, instance):
            deputy = deputy_of(member, instance)
            found.setdefault(deputy, None if deputy == member else member)
        asked = list(found.items())
        sequential = plan.sequential
        if len(asked) < plan.enough(len(asked)) or not asked:
            raise Refused(
                "STATE", _("Step {step} has not enough approvers besides the requester.").format(step=step), "approvers"
            )
    for position, (assignee, acting_for) in enumerate(asked, start=1):
        task = ApprovalTask(
            instance=instance,
            kind=instance.kind,
            document=instance.document,
            title=instance.title,
            requested_by=instance.requested_by,
            round=instance.round,
            step=step,
            position=position,
            assignee=assignee,
            acting_for=acting_for,
            state=Task.WAITING,
        )
        if position == 1 or not sequential:
            open_task(task)
        else:
            task.save()


def open_task(task: ApprovalTask) -> None:
    """Ask a member now."""
    task.state = Task.OPEN
    task.opened_at = timezone.now()
    task.save()
    publish(
        TaskOpened(
            subject=task.instance_id,
            task=task.pk,
            assignee=task.assignee,
            kind=task.kind,
            document=task.document,
            title=task.title,
        )
    )


def drop_tasks(instance: ProcessInstance) -> None:
    """Take back what nobody needs to decide any more."""
    for task in instance.tasks.filter(state__in=[Task.OPEN, Task.WAITING]).order_by("id"):
        task.state = Task.DROPPED
        task.save()


def end(instance: ProcessInstance, state: str, reason: str = "") -> None:
    """End a request and tell it; its hold is the caller's business."""
    instance.state = state
    instance.ended_at = timezone.now()
    instance.save()
    drop_tasks(instance)
    common = {"subject": instance.pk, "kind": instance.kind, "document": instance.document, "transition": instance.transition}
    if state == State.APPROVED:
        publish(InstanceApproved(**common))
    publish(InstanceEnded(**common, state=state, reason=reason))


def is_stale(instance: ProcessInstance) -> bool:
    """Say whether the content changed since it was asked for, or the hold is gone; end the request if so."""
    document = stored_document(instance)
    waiting = instance.hold.state == "waiting"
    if waiting and document is not None and content_hash(document) == instance.base_hash:
        return False
    end(instance, State.VOID)
    if waiting:
        close_hold(hold=instance.hold, state="void")
    return True


def release(instance: ProcessInstance) -> None:
    """Run what was held again, as whoever asked for it; refused there, the hold carries the reason."""
    held = instance.hold
    requester = actor_of_member(held.requested_by) if held.requested_by else system(held.requester_name or "workflow")
    release_hold(hold=held, requester=requester)


def _own(instance: ProcessInstance) -> ProcessInstance:
    """Lock a request and return it, if it is the actor's own (or the actor may manage requests)."""
    (row,) = lock_for_update(ProcessInstance.objects.filter(pk=instance.pk))
    actor = current().actor
    if actor.member_id != row.requested_by and not actor.may("workflow.request_manage"):
        raise Forbidden("workflow.request_manage")
    return row


@service(permission="workflow.request_withdraw")
def withdraw_request(*, instance: ProcessInstance, comment: str = "") -> ProcessInstance:
    """Take back a request that runs, or an approved one whose transition was refused; the document is free again."""
    row = _own(instance)
    if row.hold.state != "waiting" or row.state not in (State.RUNNING, State.APPROVED):
        raise Refused("STATE", _("There is nothing to withdraw."), "state")
    close_hold(hold=row.hold, state="withdrawn", reason=comment)
    end(row, State.WITHDRAWN, comment)
    return row


@service(permission="workflow.request_withdraw")
def resubmit_request(*, instance: ProcessInstance, comment: str = "") -> ProcessInstance:
    """Submit a returned request again, with an answer; its round goes through all steps."""
    row = _own(instance)
    if row.state != State.RUNNING or row.step != 0:
        raise Refused("STATE", _("Only a returned request can be submitted again."), "state")
    if is_stale(row):
        return row
    for task in row.tasks.filter(round=row.round, step=0, state=Task.OPEN):
        task.state, task.answer, task.decided_at = Task.RESUBMITTED, comment, timezone.now()
        task.save()
    open_step(row, 1)
    return row


@service(permission="workflow.request_withdraw")
def retry_request(*, instance: ProcessInstance) -> ProcessInstance:
    """Try the transition of an approved request again, after what refused it has been put right."""
    row = _own(instance)
    if row.state != State.APPROVED or row.hold.state != "waiting":
        raise Refused("STATE", _("Only an approved request whose transition was refused can be tried again."), "state")
    if not is_stale(row):
        release(row)
    return row
