"""What can be done; the only place that writes."""

from collections.abc import Iterator
from datetime import date
from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _
from tessera.api import (
    NotFound,
    Refused,
    active_among,
    assign_number,
    current,
    lock_for_update,
    move,
    publish,
    service,
    validate,
)

from acme_maintenance import events
from acme_maintenance.models import AcmeMachine, AcmeServicePlan, AcmeVisit
from acme_maintenance.selectors import months_after
from modules.base.api import Company, Item, Party, standing_for
from modules.scm.stock.api import Delivery, DeliveryLine


@service(permission="acme_maintenance.acme_machine_create")
def register_machine(
    *, item: Item, company: Company, party: Party, delivered_on: date, serial_number: str = "", note: str = ""
) -> AcmeMachine:
    """Look after a machine that a customer has already; its item needs a service plan."""
    plan = AcmeServicePlan.objects.filter(item=item).first()
    if plan is None:
        raise Refused("NOT_FOUND", _("This item has no service plan."), "item")
    _check_day(delivered_on, "delivered_on")
    return _register(plan, company, standing_for(party), delivered_on, serial_number=serial_number.strip(), note=note)


@service()
def register_delivery(*, delivery: Delivery) -> list[AcmeMachine]:
    """Look after every whole piece of a delivery whose item has a service plan; one that is known moves to its new customer.

    Facts are told at least once: a delivery that was registered before makes nothing more.
    """
    if AcmeMachine.objects.filter(delivery=delivery).exists():
        return []
    lines = delivery.lines.select_related("item", "lot").order_by("position")
    plans = {plan.item_id: plan for plan in AcmeServicePlan.objects.filter(item__in=[line.item_id for line in lines])}
    day = delivery.posting_date or current().tenant.today
    made = []
    for line in lines:
        if plan := plans.get(line.item_id):
            for serial_number in _pieces(line):
                _retire_former(plan, serial_number)
                values = {"delivery": delivery, "serial_number": serial_number}
                made.append(_register(plan, delivery.company, delivery.party, day, **values))
    return made


def _pieces(line: DeliveryLine) -> Iterator[str]:
    """Yield the serial number of each piece of a line, "" where it has none."""
    by_serial = line.item.tracking == Item.Tracking.SERIAL and line.lot is not None
    for _piece in range(int(line.base_quantity)):
        yield line.lot.code if by_serial else ""


def _register(plan: AcmeServicePlan, company: Company, party: Party, day: date, **values: Any) -> AcmeMachine:
    machine = AcmeMachine(
        item_id=plan.item_id,
        company=company,
        party=party,
        delivered_on=day,
        warranty_until=months_after(day, plan.warranty_months),
        **values,
    )
    validate(machine)
    machine.save()
    assign_number(machine, scope=("acme_maintenance.AcmeMachine", day.year), pattern="M-{year}-{n:05}", on=day)
    AcmeVisit(machine=machine, due_on=months_after(day, plan.interval_months)).save()
    publish(events.AcmeMachineRegistered(subject=machine.pk, company=company.pk, party=party.pk, item=plan.item_id))
    return machine


def _retire_former(plan: AcmeServicePlan, serial_number: str) -> None:
    if serial_number:
        for machine in lock_for_update(
            AcmeMachine.objects.filter(item=plan.item_id, serial_number=serial_number, state=AcmeMachine.State.IN_USE)
        ):
            _retire(machine)


@service(permission="acme_maintenance.acme_machine_retire")
def retire_machine(*, machine: AcmeMachine) -> AcmeMachine:
    """Stop looking after a machine; its planned visit is off."""
    return _retire(_locked(AcmeMachine, machine.pk))


def _retire(machine: AcmeMachine) -> AcmeMachine:
    move(machine, AcmeMachine.State.RETIRED)
    for visit in lock_for_update(machine.visits.filter(state=AcmeVisit.State.PLANNED)):
        move(visit, AcmeVisit.State.CANCELLED)
    return machine


@service(permission="acme_maintenance.acme_visit_plan")
def plan_visit(*, visit: AcmeVisit, due_on: date | None = None, technician: UUID | None = None) -> AcmeVisit:
    """Say when a planned visit is due and who goes there; what is left out stays."""
    visit = _locked(AcmeVisit, visit.pk)
    if visit.state != AcmeVisit.State.PLANNED:
        raise Refused("STATE", _("Only a planned visit can be planned otherwise."), "state")
    if technician is not None and not active_among(members=[technician]):
        raise Refused("NOT_FOUND", _("There is no such active member."), "technician")
    visit.due_on, visit.technician = due_on or visit.due_on, technician or visit.technician
    visit.save()
    return visit


@service(permission="acme_maintenance.acme_visit_complete")
def complete_visit(*, visit: AcmeVisit, report: str, done_on: date | None = None) -> AcmeVisit:
    """Report on a visit; the next one is planned from the day of this."""
    visit = _locked(AcmeVisit, visit.pk)
    if not report.strip():
        raise Refused("REQUIRED", _("Say what was done."), "report")
    machine, day = visit.machine, done_on or current().tenant.today
    if day > current().tenant.today:
        raise Refused("INVALID", _("This day is still to come."), "done_on")
    _check_day(day, "done_on")
    visit.report, visit.done_on, visit.under_warranty = report.strip(), day, day <= machine.warranty_until
    move(visit, AcmeVisit.State.DONE, also=("report", "done_on", "under_warranty"))
    if plan := AcmeServicePlan.objects.filter(item=machine.item_id).first():
        AcmeVisit(machine=machine, due_on=months_after(day, plan.interval_months), technician=visit.technician).save()
    publish(
        events.AcmeVisitCompleted(
            subject=visit.pk,
            machine=machine.pk,
            company=machine.company_id,
            party=machine.party_id,
            done_on=day,
            under_warranty=visit.under_warranty,
        )
    )
    return visit


def _check_day(day: date, field: str) -> None:
    if not date(1900, 1, 1) <= day <= date(2200, 1, 1):
        raise Refused("INVALID", _("This day cannot be right."), field)


def _locked(model: Any, key: UUID) -> Any:
    rows = lock_for_update(model.objects.filter(pk=key))
    if not rows:
        raise NotFound()
    return rows[0]
