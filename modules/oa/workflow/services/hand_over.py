"""What happens to the tasks and requests of a member who leaves: nothing waits for somebody who is gone."""

from uuid import UUID

from django.utils import timezone
from django.utils.translation import gettext as _
from tessera.api import active_among, close_hold, lock_for_update, publish, service

from modules.base.api import manager_of_member
from modules.oa.workflow.events import InstanceReturned
from modules.oa.workflow.models import ApprovalTask, ProcessInstance
from modules.oa.workflow.selectors import barred, deputy_of, holders_of, today
from modules.oa.workflow.services.instances import State, Task, drop_tasks, end, open_step
from modules.oa.workflow.services.tasks import further

FALLBACK = "workflow.process_manager"
UNDECIDED = (Task.OPEN, Task.WAITING)


@service()
def hand_over_tasks(*, member: UUID, heir: UUID | None) -> int:
    """Give the undecided tasks of a member who left to others, and withdraw its own requests; return how many tasks went.

    A task goes to the heir that was named, else to the deputy, else to the manager, else to a holder
    of the process's fallback role; never to somebody who is asked in the step already or may not
    decide. Where nobody is left the request returns to its requester.
    """
    running = ProcessInstance.objects.filter(state=State.RUNNING)
    for own in lock_for_update(running.filter(requested_by=member)):
        reason = _("Who asked for this has left.")
        close_hold(hold=own.hold, state="withdrawn", reason=reason)
        end(own, State.WITHDRAWN, reason)
    concerned = ApprovalTask.objects.filter(assignee=member, state__in=UNDECIDED).values("instance")
    count = 0
    for instance in lock_for_update(running.filter(pk__in=concerned)):
        for task in instance.tasks.filter(assignee=member, state__in=UNDECIDED).order_by("id"):
            count += 1
            if not _replaced(task, instance, heir):
                _return_to_requester(instance)
                break
    return count


def _replaced(task: ApprovalTask, instance: ProcessInstance, heir: UUID | None) -> bool:
    wanted = [
        heir,
        deputy_of(task.assignee, instance),
        manager_of_member(member=task.assignee, on=today()),
        *holders_of(instance.definition.fallback_role or FALLBACK),
    ]
    same = instance.tasks.filter(round=task.round, step=task.step).exclude(state=Task.HANDED_ON)
    never = barred(instance) | set(same.values_list("assignee", flat=True))
    active = active_among(members=[each for each in wanted if each])
    successor = next((each for each in wanted if each in active and each not in never), None)
    if successor is None:
        return False
    waiting = task.state == Task.WAITING
    task.state, task.decided_at = Task.HANDED_ON, timezone.now()
    task.save()
    further(task, successor, waiting=waiting, transferred_from=task.assignee, added_by=task.added_by)
    return True


def _return_to_requester(instance: ProcessInstance) -> None:
    drop_tasks(instance)
    if instance.requested_by is None:
        reason = _("Nobody is left to decide on this.")
        close_hold(hold=instance.hold, state="withdrawn", reason=reason)
        end(instance, State.WITHDRAWN, reason)
        return
    instance.round += 1
    open_step(instance, 0)
    publish(InstanceReturned(subject=instance.pk, kind=instance.kind, document=instance.document, round=instance.round, step=0))
