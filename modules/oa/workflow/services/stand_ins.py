"""Let somebody else decide while one is away."""

from datetime import date, timedelta
from uuid import UUID

from django.utils.translation import gettext as _
from tessera.api import Forbidden, Refused, active_among, current, service

from modules.oa.workflow.models import Delegation
from modules.oa.workflow.selectors import today


@service(permission="workflow.delegation_create")
def create_delegation(*, deputy: UUID, starts_on: date, ends_on: date, note: str = "") -> Delegation:
    """Let a deputy get one's tasks from one day to another; those that are open already stay."""
    member = current().actor.member_id
    if member is None:
        raise Refused("FORBIDDEN", _("Only a member has a deputy."), "member")
    if ends_on < starts_on:
        raise Refused("INVALID", _("The last day is before the first."), "ends_on")
    if deputy == member or not active_among(members=[deputy]):
        raise Refused("NOT_FOUND", _("The deputy is another active member."), "deputy")
    made = Delegation(member=member, deputy=deputy, starts_on=starts_on, ends_on=ends_on, note=note)
    made.save()
    return made


@service(permission="workflow.delegation_create")
def end_delegation(*, delegation: Delegation) -> Delegation:
    """End one's delegation yesterday; one that has not begun is deleted in effect by ending on its first day."""
    if current().actor.member_id != delegation.member and not current().actor.may("workflow.request_manage"):
        raise Forbidden("workflow.request_manage")
    delegation.ends_on = max(delegation.starts_on, today() - timedelta(days=1))
    delegation.save()
    return delegation
