"""Leads: captured, assigned in turn, answered, lost."""

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _
from tessera.api import NotFound, Refused, assign_number, current, lock_for_update, move, publish, service

from modules.base.api import OrgUnit, unit_of_member
from modules.crm.sales import events
from modules.crm.sales.models import Lead, LeadRule, LeadRuleMember


@dataclass(frozen=True, kw_only=True)
class LeadRuleMemberInput:
    """One whose turn comes, in the order of the list."""

    member: UUID
    active: bool = True


def locked_lead(lead: Lead) -> Lead:
    """Lock a lead and return it as it is now."""
    rows = lock_for_update(Lead.objects.filter(pk=lead.pk))
    if not rows:
        raise NotFound()
    return rows[0]


@service(permission="sales.lead_create")
def capture_lead(
    *,
    company_name: str = "",
    contact_name: str = "",
    email: str = "",
    phone: str = "",
    source: str = "",
    interest: str = "",
    owner: UUID | None = None,
    org_unit: OrgUnit | None = None,
    origin: str = "manual",
    external_id: str = "",
) -> Lead:
    """Take a first contact in; without an owner the first matching rule gives it to whose turn it is.

    Without a unit it is of the unit of whoever takes it in, where that is as far as their right reaches.
    """
    if not company_name.strip() and not contact_name.strip():
        raise Refused("REQUIRED", _("A lead has a company or a contact."), "company_name")
    now = timezone.now()
    lead = Lead(
        company_name=company_name.strip(),
        contact_name=contact_name.strip(),
        email=email.strip(),
        phone=phone.strip(),
        source=source,
        interest=interest,
        org_unit=org_unit or _own_unit(),
        captured_by=current().actor.member_id,
        captured_at=now,
        origin=origin,
        external_id=external_id,
    )
    lead.save()
    assign_number(lead, scope=("sales.Lead", now.year), pattern="L-{year}-{n:05}", on=now.date())
    publish(events.LeadCaptured(subject=lead.pk, source=source))
    if owner is not None:
        _assign(lead, owner, None)
    else:
        _assign_by_rule(lead)
    return lead


@service(permission="sales.lead_assign")
def assign_lead(*, lead: Lead, owner: UUID | None = None) -> Lead:
    """Give a lead to a member, or, without one, to whose turn it is."""
    lead = locked_lead(lead)
    if owner is not None:
        _assign(lead, owner, None)
    elif not _assign_by_rule(lead):
        raise Refused("NOT_FOUND", _("No rule assigns this lead; name an owner."), "owner")
    return lead


@service(permission="sales.lead_respond")
def respond_lead(*, lead: Lead) -> Lead:
    """Note that somebody answered the lead; the first answer stops its clock."""
    lead = locked_lead(lead)
    if lead.first_response_at is None:
        lead.first_response_at = timezone.now()
        lead.save()
    return lead


@service(permission="sales.lead_lose")
def lose_lead(*, lead: Lead, reason: str = "") -> Lead:
    """Give a lead up."""
    lead = locked_lead(lead)
    lead.reason = reason
    move(lead, Lead.State.LOST, also=("reason",))
    publish(events.LeadLost(subject=lead.pk, reason=reason))
    return lead


@service(permission="sales.lead_rule_create")
def create_lead_rule(
    *, name: str, members: list[LeadRuleMemberInput], source: str = "", sla_hours: int = 24, priority: int = 100
) -> LeadRule:
    """Add a rule that gives leads of a source ("" for any) to its members in turn."""
    rule = LeadRule(name=name, source=source, sla_hours=_not_negative(sla_hours), priority=_not_negative(priority))
    rule.save()
    _set_members(rule, members)
    return rule


@service(permission="sales.lead_rule_update")
def update_lead_rule(
    *,
    rule: LeadRule,
    members: list[LeadRuleMemberInput] | None = None,
    source: str | None = None,
    sla_hours: int | None = None,
    priority: int | None = None,
    active: bool | None = None,
) -> LeadRule:
    """Change a rule; `members` are all its members in their order."""
    rule = lock_for_update(LeadRule.objects.filter(pk=rule.pk))[0]
    changes = {"source": source, "sla_hours": sla_hours, "priority": priority, "active": active}
    for name, value in changes.items():
        if value is not None:
            setattr(rule, name, value)
    _not_negative(rule.sla_hours)
    rule.save()
    if members is not None:
        rule.members.all().delete()
        _set_members(rule, members)
    return rule


def _not_negative(number: int) -> int:
    if number < 0:
        raise Refused("INVALID", _("This number is not negative."), "sla_hours")
    return number


def _set_members(rule: LeadRule, members: list[LeadRuleMemberInput]) -> None:
    if not members:
        raise Refused("REQUIRED", _("Somebody has to be in turn."), "members")
    for position, each in enumerate(members, start=1):
        LeadRuleMember(rule=rule, member=each.member, position=position, active=each.active).save()


def _own_unit() -> OrgUnit | None:
    """Return the unit of the actor where the right to take leads in ends with units."""
    actor = current().actor
    reach = actor.reach("sales.lead_create")
    if reach is None or not reach.units or actor.member_id is None:
        return None
    return unit_of_member(member=actor.member_id, among=reach.units, on=current().tenant.today)


def _assign(lead: Lead, owner: UUID, rule: LeadRule | None) -> None:
    """Give a lead to its owner; by hand, its clock is that of the rule that would have given it, unless it runs already."""
    lead.owner, lead.rule = owner, rule
    clock = rule or (_rules_for(lead).first() if lead.sla_due_at is None else None)
    if clock is not None:
        lead.sla_due_at = lead.captured_at + timedelta(hours=clock.sla_hours)
    move(lead, Lead.State.ASSIGNED, also=("owner", "rule", "sla_due_at"))
    publish(events.LeadAssigned(subject=lead.pk, owner=owner, rule=rule.pk if rule else None))


def _rules_for(lead: Lead) -> QuerySet[LeadRule]:
    return LeadRule.objects.filter(active=True, source__in=("", lead.source)).order_by("priority", "-source", "id")


def _assign_by_rule(lead: Lead) -> bool:
    """Assign by the first matching rule, under its lock, so that two leads at once take two turns."""
    first = _rules_for(lead).filter(members__active=True).first()
    if first is None:
        return False
    rule = lock_for_update(LeadRule.objects.filter(pk=first.pk))[0]
    turn = list(rule.members.filter(active=True).order_by("position", "id").values_list("member", flat=True))
    if not turn:
        return False
    owner = turn[rule.assigned % len(turn)]
    rule.assigned += 1
    rule.save()
    _assign(lead, owner, rule)
    return True
