"""Forget what events said once nobody needs it: who they were about and that they came is kept, so that none is taken twice."""

from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Q
from django.utils import timezone

from billing.models import StripeEvent

AT_ONCE = 1_000  # rows of one statement
QUARANTINED_FOR = timedelta(days=180)  # a person has had half a year to look


def forget_bodies() -> int:
    """Forget the bodies of events that were processed long ago, or lie in quarantine for very long; return how many.

    An event of the quarantine that is forgotten stays there and cannot be released any more.
    """
    now = timezone.now()
    processed = now - timedelta(days=settings.TESSERA_EVENT_BODY_DAYS)
    return _forget(Q(state=StripeEvent.State.DONE, done_at__lt=processed), now) + _forget(
        Q(state=StripeEvent.State.QUARANTINED, received_at__lt=now - QUARANTINED_FOR), now
    )


def _forget(over: Q, now: datetime) -> int:
    forgotten = 0
    while True:
        keys = StripeEvent.objects.filter(over, forgotten_at=None).order_by("pk").values("pk")[:AT_ONCE]
        rows = StripeEvent.objects.filter(over, pk__in=list(keys.values_list("pk", flat=True)))
        count = rows.update(payload=None, forgotten_at=now)
        forgotten += count
        if count < AT_ONCE:
            return forgotten
