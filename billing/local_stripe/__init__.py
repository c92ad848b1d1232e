"""A Stripe of one's own for development and tests: a server that the real SDK talks to, with a clock that can be moved.

It shares nothing with the product but the SDK's protocol, and is never part of production.
"""

import os


class NotForProduction(RuntimeError):
    """The local Stripe was imported where real money moves."""


if os.environ.get("DJANGO_SETTINGS_MODULE") == "tessera.settings.production":
    raise NotForProduction("billing.local_stripe takes any card for good: production talks to Stripe itself")
