"""Stripe's events are taken in: proved to be Stripe's and of now, kept once, and left to be processed."""

import logging
import time
from collections.abc import Mapping
from typing import Any

import orjson
import stripe
from django.conf import settings
from django.db import transaction

from billing.gateway.shapes import key_of, required
from billing.models import StripeEvent
from billing.reducer import UnreadableFacts

TOLERANCE = 300  # seconds, before and after: the SDK takes what comes from the future
MOST = 512 * 1024  # bytes of one event
_log = logging.getLogger(__name__)


class BadSignature(Exception):
    """Raised for what is not proved to be an event that Stripe sent just now."""


class BadEvent(Exception):
    """Raised for what Stripe signed and is still no event."""


def receive_event(*, body: bytes, signature: str) -> StripeEvent | None:
    """Keep an event, once, and have it processed after the commit; None for one that is there already.

    Raises BadSignature and BadEvent; nothing is kept then.
    """
    verify(body, signature)
    try:
        payload = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise BadEvent("it is no JSON") from error
    return keep_event(payload=payload, source=StripeEvent.Source.WEBHOOK)


def verify(body: bytes, signature: str) -> None:
    """Raise BadSignature unless Stripe signed exactly this body, within the tolerance of now."""
    stamps = [part[2:] for part in signature.split(",") if part.startswith("t=")]
    if len(stamps) != 1 or not stamps[0].isascii() or not stamps[0].isdigit():
        raise BadSignature("it has not one timestamp")
    if abs(time.time() - int(stamps[0])) > TOLERANCE:
        raise BadSignature("its timestamp is not of now")
    try:
        stripe.WebhookSignature.verify_header(body, signature, settings.STRIPE_WEBHOOK_SECRET, TOLERANCE)
    except (stripe.SignatureVerificationError, UnicodeDecodeError) as error:
        raise BadSignature("its signature is not Stripe's") from error


def keep_event(*, payload: Any, source: str) -> StripeEvent | None:
    """Keep an event whose origin is proved; None for one that is there already. Raises BadEvent."""
    from billing.tasks import send_event

    row = _row_of(payload, source)
    with transaction.atomic(using="shared"):
        StripeEvent.objects.bulk_create([row], ignore_conflicts=True)
        received_at = StripeEvent.objects.filter(pk=row.pk).values_list("received_at", flat=True).first()
        if received_at is None:
            return None
        row.received_at = received_at  # the database's, which an insert that may do nothing does not return
        transaction.on_commit(lambda: send_event(row.pk), using="shared")
    return row


def _row_of(payload: Any, source: str) -> StripeEvent:
    try:
        about = payload["data"]["object"]
        if not (isinstance(payload["livemode"], bool) and payload["id"].startswith("evt_") and isinstance(about, Mapping)):
            raise BadEvent("it is no event")
        return StripeEvent(
            event_id=payload["id"],
            type=payload["type"][:100],
            api_version=payload["api_version"] or "",
            livemode=payload["livemode"],
            customer=key_of(about["id"] if about.get("object") == "customer" else about.get("customer")),
            payload=payload,
            source=source,
            created=required(payload, "created"),
        )
    except (KeyError, TypeError, AttributeError, ValueError, UnreadableFacts) as error:
        raise BadEvent("it is no event") from error
