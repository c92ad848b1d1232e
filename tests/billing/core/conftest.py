"""A local Stripe with our catalogue in it, whose clock stands still, and the company of the template's tenant A there."""

import shutil
from collections.abc import Iterator
from typing import Any

import pytest

from billing.catalogue.offers import Interval, Kind
from billing.catalogue.selectors import catalogue
from billing.gateway import client as gateway
from billing.local_stripe.testing import running
from tests.billing.core.shop import Shop


@pytest.fixture(scope="session")
def stocked(tmp_path_factory: Any) -> Any:
    """Return the rows of a local Stripe that sells our catalogue by the month, in dollars."""
    path = tmp_path_factory.mktemp("stripe") / "rows.json"
    with running(path, deliver=False) as stripe:
        saving, stripe.local.store.save = stripe.local.store.save, lambda: None
        for offer in catalogue().offers:
            price = offer.price(Interval.MONTH, "USD")
            if price is not None and offer.kind is not Kind.METER:
                marks = {"metadata": {"tessera": offer.key}}
                product = stripe.client.v1.products.create({"name": offer.key, **marks})
                stripe.client.v1.prices.create(
                    {
                        "product": product.id,
                        "currency": "usd",
                        "unit_amount": int(price.amount * 100),
                        "recurring": {"interval": "month"},
                        "lookup_key": price.lookup_key,
                        **marks,
                    }
                )
        stripe.local.store.kinds["event"].clear()
        saving()
    return path


@pytest.fixture
def shop(_database: Any, stocked: Any, tmp_path: Any, settings: Any, monkeypatch: Any) -> Iterator[Shop]:
    """Return a shop on a local Stripe of its own."""
    path = shutil.copy(stocked, tmp_path / "rows.json")
    with running(path, deliver=False) as stripe:
        stripe.local.store.path = None
        settings.STRIPE_API_BASE = stripe.url
        monkeypatch.setattr(gateway, "RETRIES", 0)  # an outage is one at once
        yield Shop(stripe)
