"""Promotion codes on a running subscription."""

import stripe
from django.utils.translation import gettext as _
from tessera.errors import Refused
from tessera.service import service

from billing.gateway.changing import set_discount
from billing.gateway.pricing import read_promotion
from billing.models import Subscription
from billing.permissions import BILLING_MANAGE
from billing.selectors.subscription import BillingSubscription, view_of
from billing.services.company import answered, speaker, subscribed
from billing.services.instructions import begin, finish, refuse


@service(permission=BILLING_MANAGE, steps=True, while_read_only=True)
def apply_code(*, code: str) -> BillingSubscription:
    """Give the subscription the discount of a promotion code, in place of the one it has.

    Refused: STATE where there is no subscription, INVALID for a code that is none, has ended or is not for this company.
    """
    subscribed()
    with answered():
        promotion = read_promotion(code) if code else None
    if promotion is None:
        raise Refused("INVALID", _("This promotion code is not valid."), "code")
    return _set(promotion, "code", code=code)


@service(permission=BILLING_MANAGE, steps=True, while_read_only=True)
def remove_code() -> BillingSubscription:
    """Take the discount away that the subscription has, if any. Refused with STATE where there is none."""
    return _set("")


def _set(promotion: str, *field: str, code: str = "") -> BillingSubscription:
    customer, row = subscribed()
    with answered():
        instruction = begin(
            customer=customer,
            act="discount",
            asked={"promotion": promotion},
            by=speaker(),
            subject=row.stripe_id,
            shown={"code": code},
        )
        try:
            set_discount(key=instruction.pk, subscription=row.stripe_id, promotion=promotion)
        except stripe.InvalidRequestError as error:
            refuse(instruction, str(error))
            raise Refused("INVALID", error.user_message or str(error), *field) from error
        finish(instruction)
    return view_of(Subscription.objects.get(pk=row.pk))
