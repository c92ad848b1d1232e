"""Read which processes apply, who may decide, and what has been decided."""

from typing import Any
from uuid import UUID

from django.apps import apps
from django.utils import timezone
from django.utils.translation import gettext as _
from tessera.api import Refused, Transition, active_among, current, kind_of, members_in_role

from modules.base.api import manager_of_member
from modules.oa.workflow.models import ApprovalTask, Delegation, ProcessDefinition, ProcessInstance
from modules.oa.workflow.steps import ProcessStep, condition_of


def today() -> Any:
    """Return the date where the tenant is."""
    return timezone.now().astimezone(current().tenant.zone).date()


def processes_for(transition: Transition) -> list[ProcessDefinition]:
    """Return the processes in force that a transition has to go through, in their order.

    A condition that cannot be judged refuses the transition: a gate is never open by accident.
    """
    found = ProcessDefinition.objects.filter(
        kind=kind_of(transition.document), transition=transition.target, state=ProcessDefinition.State.PUBLISHED
    )
    return [each for each in found.order_by("order") if all(_holds(data, transition.facts) for data in each.conditions)]


def _holds(data: dict[str, Any], facts: dict[str, Any]) -> bool:
    condition = condition_of(data)
    if condition.fact not in facts:
        raise Refused("STATE", _("This process asks for {fact}, which the document does not have.").format(fact=condition.fact))
    return condition.holds(facts[condition.fact])


def approved_orders(document: UUID, target: str, content_hash: str) -> frozenset[int]:
    """Return the orders of the processes that approved exactly this content for this transition."""
    approved = ProcessInstance.objects.filter(
        document=document, transition=target, content_hash=content_hash, state=ProcessInstance.State.APPROVED
    )
    return frozenset(approved.values_list("definition__order", flat=True))


def stored_document(about: Any) -> Any:
    """Return the document that a hold or a request is about, as it is stored now; None when it is gone."""
    return apps.get_model(about.kind)._default_manager.filter(pk=about.document).first()


def barred(instance: ProcessInstance) -> frozenset[UUID]:
    """Return the members who may not decide a request: who asked for it and whom the document belongs to."""
    return frozenset(filter(None, (instance.requested_by, getattr(stored_document(instance), "owner", None))))


def holders_of(role: str) -> list[UUID]:
    """Return the active members in a role, named with its module in front when a module proposes it."""
    module, _dot, name = role.rpartition(".")
    return [member.pk for member in members_in_role(role=name, module=module)]


def approvers_of(step: ProcessStep, instance: ProcessInstance) -> list[UUID]:
    """Return the active members who decide a step, each once, in order: role, manager, named members."""
    found: list[UUID] = []
    if step.role:
        found += holders_of(step.role)
    if step.manager and instance.requested_by:
        manager = manager_of_member(member=instance.requested_by, on=today())
        found += [manager] if manager else []
    found += step.members
    never, active = barred(instance), active_among(members=found)
    return [member for member in dict.fromkeys(found) if member in active and member not in never]


def deputy_of(member: UUID, instance: ProcessInstance) -> UUID:
    """Return who decides in a member's place today: the member, or the end of its chain of deputies.

    A deputy who is inactive or may not decide this request does not count.
    """
    never, seen, at = barred(instance), {member}, today()
    decides = member
    while True:
        standing = Delegation.objects.filter(member=decides, starts_on__lte=at, ends_on__gte=at).first()
        if standing is None or standing.deputy in seen or standing.deputy in never or not active_among(members=[standing.deputy]):
            return decides
        decides = standing.deputy
        seen.add(decides)


def open_tasks(*, member: UUID) -> list[ApprovalTask]:
    """Return what a member is asked now, the oldest first."""
    return list(ApprovalTask.objects.filter(assignee=member, state=ApprovalTask.State.OPEN).order_by("opened_at", "id"))


def requests_for(*, document: UUID) -> list[ProcessInstance]:
    """Return all requests there were for a document, the latest first."""
    return list(ProcessInstance.objects.filter(document=document).order_by("-id"))
