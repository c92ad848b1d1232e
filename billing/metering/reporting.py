"""Tell Stripe what was used beyond plans: each report under its own key, so that it counts once however often it is told."""

import logging
from datetime import timedelta

import stripe
from django.utils import timezone
from stripe.params.billing import MeterEventCreateParams

from billing.gateway.client import asking, stripe_client
from billing.metering.counting import sold_meter
from billing.models import Customer, UsageReport

AT_ONCE = 1000
OLDEST = timedelta(days=34)  # Stripe takes no usage that is older than 35 days: what is late counts as of then
_log = logging.getLogger(__name__)


def report_usage() -> int:
    """Tell Stripe all reports that it has not taken, the oldest first; return how many it took. Raises Unreachable.

    One that it refuses stays, is logged, and keeps none of the others back.
    """
    took = 0
    for report in UsageReport.objects.filter(sent_at=None).order_by("counted_at", "pk")[:AT_ONCE]:
        customer = Customer.objects.get(tenant=report.tenant_id)
        assert customer.stripe_id  # nothing is counted without one
        try:
            send_report(report, customer.stripe_id)
        except stripe.InvalidRequestError:
            _log.exception("Stripe refuses the usage %s of the tenant %s", report.pk, report.tenant_id)
            continue
        note_sent(report)
        took += 1
    return took


def send_report(report: UsageReport, customer: str) -> None:
    """Tell Stripe one report; one that it has under this key already is told."""
    sold = sold_meter(report.meter)
    assert sold is not None  # nothing else is counted
    asked: MeterEventCreateParams = {
        "event_name": sold.event_name,
        "payload": {"stripe_customer_id": customer, "value": str(report.units)},
        "identifier": str(report.pk),
        "timestamp": int(max(report.counted_at, timezone.now() - OLDEST).timestamp()),
    }
    with asking():
        try:
            stripe_client().v1.billing.meter_events.create(asked)
        except stripe.InvalidRequestError as error:
            if f"already exists with identifier {report.pk}" not in str(error):
                raise


def note_sent(report: UsageReport) -> None:
    """Keep that Stripe took a report."""
    UsageReport.objects.filter(pk=report.pk, sent_at=None).update(sent_at=timezone.now())
