"""Define processes and put them into force."""

from typing import Any

from django.apps import apps
from django.db.models import Max
from django.utils import timezone
from django.utils.translation import gettext as _
from tessera.api import Refused, current, lock_for_update, move, publish, service

from modules.oa.workflow.events import ProcessPublished
from modules.oa.workflow.models import ProcessDefinition
from modules.oa.workflow.steps import ProcessCondition, ProcessStep, check_process, plain

State = ProcessDefinition.State


def document_model(kind: str) -> Any:
    """Return the model of a kind of document; refuse one that does not exist here or has no states."""
    label = kind.partition(".")[0]
    try:
        model = apps.get_model(kind)
    except (LookupError, ValueError):
        model = None
    if model is None or not getattr(model, "MOVES", None) or label not in current().modules:
        raise Refused("NOT_FOUND", _("There is no kind of document {kind}.").format(kind=kind), "kind")
    return model


@service(permission="workflow.process_define")
def define_process(
    *,
    name: str,
    kind: str,
    transition: str,
    steps: list[ProcessStep],
    conditions: list[ProcessCondition] | None = None,
    order: int = 1,
    fallback_role: str = "",
) -> ProcessDefinition:
    """Draft a process, or the next edition of the one that has this kind, transition and order.

    Holders of the `fallback_role` (`workflow.process_manager` without one) get the tasks of members who leave.
    """
    model = document_model(kind)
    if transition not in {target for _source, target in model.MOVES}:
        raise Refused("NOT_FOUND", _("Documents of this kind never go to {state}.").format(state=transition), "transition")
    if conditions and not hasattr(model, "approval_facts"):
        raise Refused("INVALID", _("Documents of this kind have nothing to compare."), "conditions")
    check_process(conditions or [], steps)
    same = ProcessDefinition.objects.filter(kind=kind, transition=transition, order=order)
    made = ProcessDefinition(
        name=name,
        kind=kind,
        transition=transition,
        order=order,
        edition=(same.aggregate(last=Max("edition"))["last"] or 0) + 1,
        conditions=[plain(each) for each in conditions or []],
        steps=[plain(each) for each in steps],
        fallback_role=fallback_role,
    )
    made.save()
    return made


@service(permission="workflow.process_publish")
def publish_process(*, definition: ProcessDefinition) -> ProcessDefinition:
    """Put an edition into force; the one in force before is retired. What is held now is held by either."""
    same = ProcessDefinition.objects.filter(kind=definition.kind, transition=definition.transition, order=definition.order)
    for row in lock_for_update(same.filter(state=State.PUBLISHED)):
        move(row, State.RETIRED)
    definition.published_at = timezone.now()
    definition.published_by = current().actor.member_id
    move(definition, State.PUBLISHED, also=["published_at", "published_by"])
    publish(
        ProcessPublished(
            subject=definition.pk,
            kind=definition.kind,
            transition=definition.transition,
            order=definition.order,
            edition=definition.edition,
        )
    )
    return definition


@service(permission="workflow.process_publish")
def retire_process(*, definition: ProcessDefinition) -> ProcessDefinition:
    """Take an edition out of force; what it holds already is still decided by it."""
    move(definition, State.RETIRED)
    return definition
