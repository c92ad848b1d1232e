"""Instructions are written before Stripe is told, and closed when it has answered."""

import logging
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from tessera.errors import Refused

from billing.gateway.client import Unreachable
from billing.mirror.refreshing import refresh_customer
from billing.models import Customer, Instruction
from billing.services.audit import tell_begun, tell_ended

KEPT = timedelta(hours=23)  # Stripe knows a key for a day
UNDER_WAY = timedelta(minutes=2)  # longer than Stripe may take to answer
_log = logging.getLogger(__name__)


def begin(
    *,
    customer: Customer,
    act: str,
    asked: dict[str, Any],
    by: str,
    subject: str = "",
    is_alone: bool = False,
    shown: Mapping[str, Any] | None = None,
) -> Instruction:
    """Return the instruction to tell Stripe now: one that was killed while it said the same, else a new one.

    `shown` is what the audit of the company tells of it beside the act. One that `is_alone` is refused with CONFLICT while another
    of its act may be under way.
    """
    with transaction.atomic(using="shared"):
        Customer.objects.select_for_update().get(pk=customer.pk)
        found = customer.instructions.filter(act=act, state=Instruction.State.OPEN).first()
        if found is not None:
            if (found.asked, found.subject) == (asked, subject) and found.created_at > timezone.now() - KEPT:
                return found
            if is_alone and found.created_at > timezone.now() - UNDER_WAY:
                raise Refused("CONFLICT", _("Somebody else of the company is just doing this. Please try again in a moment."))
            _close(found, Instruction.State.DROPPED)
        made = Instruction.objects.create(customer=customer, act=act, asked=asked, subject=subject, asked_by=by)
        tell_begun(made, shown or {})
        return made


def pending(*, customer: Customer, act: str, subject: str) -> Instruction | None:
    """Return the instruction about a subject that Stripe was perhaps told, and whose end is not known."""
    recent = timezone.now() - KEPT
    return customer.instructions.filter(act=act, subject=subject, state=Instruction.State.OPEN, created_at__gt=recent).first()


def finish(instruction: Instruction, *, follows: bool = True) -> None:
    """Keep that Stripe has done it, and ask what `follows` of it; with Stripe away its event brings that."""
    _close(instruction, Instruction.State.DONE)
    if not follows:
        return
    try:
        refresh_customer(customer=instruction.customer)
    except Unreachable as reason:
        _log.warning("%s is done, what follows comes by its event: %s", instruction, reason)


def refuse(instruction: Instruction, why: str) -> None:
    """Keep that Stripe has refused it: asked again, it is another one."""
    _close(instruction, Instruction.State.REFUSED, why)


def _close(instruction: Instruction, state: Instruction.State, why: str = "") -> None:
    unheard = (Instruction.State.OPEN, Instruction.State.DROPPED)  # what was dropped may be heard of later
    waiting = Instruction.objects.filter(pk=instruction.pk, state__in=unheard)
    with transaction.atomic(using="shared"):
        if waiting.update(state=state, why=why[:1000], ended_at=timezone.now()):
            tell_ended(instruction, instruction.state, state, why[:1000])
