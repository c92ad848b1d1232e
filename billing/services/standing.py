"""End the subscription with its period, pause it, and take either back."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

import stripe
from django.utils import timezone
from django.utils.translation import gettext as _
from tessera.errors import Refused
from tessera.service import service

from billing.gateway.changing import CardRefused, end_pause, resume, set_cancel, set_pause
from billing.models import Subscription
from billing.permissions import BILLING_MANAGE
from billing.selectors.subscription import BillingSubscription, view_of
from billing.services.company import answered, speaker, subscribed
from billing.services.instructions import begin, finish, refuse

LONGEST_COMMENT = 500


@service(permission=BILLING_MANAGE, steps=True, while_read_only=True)
def cancel_subscription(*, comment: str = "") -> BillingSubscription:
    """End the subscription with the period that is paid; until then everything stays as it is, and it can be undone.

    Refused: STATE where there is no subscription, INVALID for a comment of more than 500 characters.
    """
    if len(comment) > LONGEST_COMMENT:
        raise Refused("INVALID", _("Say it in at most %(most)s characters.") % {"most": LONGEST_COMMENT}, "comment")
    return _told("cancel", {"ends": True, "comment": comment}, set_cancel, ends=True, comment=comment)


@service(permission=BILLING_MANAGE, steps=True, while_read_only=True)
def undo_cancel() -> BillingSubscription:
    """Let the subscription go on that was to end with its period. Refused with STATE where there is none."""
    return _told("cancel", {"ends": False}, set_cancel, ends=False)


@service(permission=BILLING_MANAGE, steps=True, while_read_only=True)
def pause_subscription(*, until: datetime | None = None) -> BillingSubscription:
    """Pause the subscription, until a moment or until it is resumed: nothing is paid, and everything can be read only.

    Refused: STATE where there is none or it cannot be paused, INVALID for a moment that is past.
    """
    if until is not None and until <= timezone.now():
        raise Refused("INVALID", _("Choose a moment in the future."), "until")
    _customer, row = subscribed()
    if row.status not in (Subscription.Status.ACTIVE, Subscription.Status.TRIALING):
        raise Refused("STATE", _("Only a subscription that is paid can be paused."))
    return _told("pause", {"until": until.isoformat() if until else None}, set_pause, until=until)


@service(permission=BILLING_MANAGE, steps=True, while_read_only=True)
def resume_subscription() -> BillingSubscription:
    """Let a paused subscription go on; one that is not paused stays as it is.

    Refused: STATE where there is none, PAYMENT_FAILED where a period has to be paid first and could not be.
    """
    _customer, row = subscribed()
    if row.status == Subscription.Status.PAUSED:
        return _told("pause", {"resumes": "anew"}, resume)
    return _told("pause", {"resumes": "on"}, end_pause)


def _told(act: str, asked: dict[str, Any], tell: Callable[..., None], **given: Any) -> BillingSubscription:
    """Tell Stripe about the company's subscription, once, and return it as it is then."""
    customer, row = subscribed()
    with answered():
        instruction = begin(customer=customer, act=act, asked=asked, by=speaker(), subject=row.stripe_id, shown=asked)
        try:
            tell(key=instruction.pk, subscription=row.stripe_id, **given)
        except CardRefused as error:
            refuse(instruction, str(error))
            raise Refused("PAYMENT_FAILED", str(error)) from error
        except stripe.InvalidRequestError as error:
            refuse(instruction, str(error))
            raise Refused("STATE", error.user_message or str(error)) from error
        finish(instruction)
    return view_of(Subscription.objects.get(pk=row.pk))
