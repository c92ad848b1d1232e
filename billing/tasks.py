"""Background work of billing: what is taken in is processed at once by a hint, and in any case by the clock."""

import logging
from datetime import timedelta
from uuid import UUID

from celery import shared_task
from django.utils import timezone
from kombu.exceptions import OperationalError as BrokerError
from tessera.tasks import tenant_task

from billing.entitlements.sweeping import sweep_entitlements
from billing.events.forgetting import forget_bodies
from billing.events.processing import process_event
from billing.gateway.client import Unreachable, is_billing_on
from billing.lifecycle.living import act_by_time
from billing.metering.counting import count_usage
from billing.metering.reporting import report_usage
from billing.mirror.reconciling import reconcile_with_stripe
from billing.models import StripeEvent
from billing.partners.statements import close_statements, last_month
from billing.spending.caps import warn_of_spend
from tenants.directory import tenant_here

AT_ONCE = 500  # events that one sweep looks at
CLOSING_DAY = 3  # of the month after: what Stripe could not tell at once has come by then
_log = logging.getLogger(__name__)


@shared_task(name="billing.process_event", ignore_result=True)
def process_one(event: str) -> None:
    """Process one event, if it is still to be."""
    found = StripeEvent.objects.filter(pk=UUID(event)).first()
    if found is None:
        return
    try:
        process_event(event=found)
    except Unreachable as reason:
        _log.warning("Stripe does not answer, the event %s waits: %s", found.event_id, reason)


def send_event(key: UUID) -> None:
    """Have an event processed now; with the broker gone the sweep finds it."""
    try:
        # allow raw-task: an event is no tenant's, and it is sent after its commit
        process_one.apply_async(kwargs={"event": str(key)}, retry=False)
    except BrokerError:
        _log.exception("the broker did not answer: the event %s waits for the sweep", key)


@shared_task(name="billing.sweep", ignore_result=True)
def sweep() -> None:
    """Process the events that wait, and work out anew what time may have changed."""
    if not is_billing_on():
        return
    is_away = False
    try:
        waiting = StripeEvent.objects.filter(state=StripeEvent.State.RECEIVED, due_at__lte=timezone.now())
        for event in waiting.order_by("due_at")[:AT_ONCE]:
            process_event(event=event)
    except Unreachable as reason:
        _log.warning("Stripe does not answer, events wait: %s", reason)
        is_away = True
    sweep_entitlements(is_away=is_away)


@shared_task(name="billing.forget_event_bodies", ignore_result=True)
def forget_event_bodies() -> None:
    """Forget what old events said."""
    forget_bodies()


@shared_task(name="billing.live", ignore_result=True)
def live() -> None:
    """Tell what comes, and bring what has ended to its end."""
    if is_billing_on():
        act_by_time()


@tenant_task(name="billing.count_usage", every=timedelta(hours=1))
def count_usage_here() -> None:
    """Write down what the tenant in force used beyond its plan, and tell when its spend cap is near."""
    if is_billing_on():
        count_usage(now=timezone.now())
        warn_of_spend(tenant_here())


@shared_task(name="billing.report_usage", ignore_result=True)
def report() -> None:
    """Tell Stripe what was used beyond plans."""
    if not is_billing_on():
        return
    try:
        report_usage()
    except Unreachable as reason:
        _log.warning("Stripe does not answer, usage is told later: %s", reason)


@shared_task(name="billing.reconcile", ignore_result=True)
def reconcile() -> None:
    """Compare with Stripe, and log what was missing."""
    if not is_billing_on():
        return
    try:
        for gap in reconcile_with_stripe():
            _log.warning("billing differed from Stripe: %s", gap)
    except Unreachable as reason:
        _log.warning("Stripe does not answer, nothing is compared: %s", reason)


@shared_task(name="billing.close_statements", ignore_result=True)
def close_months() -> None:
    """Close last month's statements of partners, once its last events are in."""
    now = timezone.now()
    if is_billing_on() and now.day >= CLOSING_DAY:
        for statement in close_statements(month=last_month(now)):
            _log.info("the statement %s is closed at %s", statement, statement.closing)
