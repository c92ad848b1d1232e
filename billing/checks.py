"""What must be told before anything is sold."""

from typing import Any

from django.conf import settings
from django.core.checks import Error, register


@register()
def check_stripe(**options: Any) -> list[Error]:
    """Refuse a key of Stripe's without the secret that its events are signed with."""
    if settings.STRIPE_API_KEY and not settings.STRIPE_WEBHOOK_SECRET:
        return [Error("STRIPE_API_KEY is set and STRIPE_WEBHOOK_SECRET is not: no event could be believed", id="billing.E100")]
    return []
