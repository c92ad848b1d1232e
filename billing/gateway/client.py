"""The one client of Stripe."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache

import stripe
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import connections

PATIENCE = 20  # seconds for one answer
RETRIES = 2  # by the SDK itself, within a second or two; what lasts longer is tried again by whoever asked


class Unreachable(Exception):
    """Raised when Stripe did not answer, or answered that it cannot now: whoever asks tries again later."""


def is_billing_on() -> bool:
    """Say whether there is a Stripe to ask; without one nothing is sold, and everything is allowed."""
    return bool(settings.STRIPE_API_KEY)


def is_live() -> bool:
    """Say whether the key is one with which real money moves."""
    return "_live_" in settings.STRIPE_API_KEY


def stripe_client() -> stripe.StripeClient:
    """Return the client that the settings name; raise ImproperlyConfigured where they name none."""
    if not is_billing_on():
        raise ImproperlyConfigured("set STRIPE_API_KEY: there is no Stripe to ask")
    return _client(settings.STRIPE_API_KEY, settings.STRIPE_API_VERSION, settings.STRIPE_API_BASE)


@lru_cache(maxsize=4)
def _client(key: str, version: str, base: str) -> stripe.StripeClient:
    return stripe.StripeClient(
        key,
        stripe_version=version,
        base_addresses={"api": base} if base else {},
        max_network_retries=RETRIES,
        http_client=stripe.RequestsClient(timeout=PATIENCE),
    )


@contextmanager
def asking() -> Iterator[None]:
    """Raise Unreachable for what lies with Stripe or the way there; what lies with the call stays a stripe.StripeError.

    Refuses to wait for Stripe inside a transaction, whose locks and connection others would wait for too.
    """
    if any(not each._from_testcase for found in connections.all(initialized_only=True) for each in found.atomic_blocks):
        raise RuntimeError("Stripe is asked outside of any transaction")
    try:
        yield
    except (stripe.APIConnectionError, stripe.RateLimitError) as error:
        raise Unreachable(str(error)) from error
    except stripe.APIError as error:
        if error.http_status is not None and error.http_status < 500:
            raise
        raise Unreachable(str(error)) from error
