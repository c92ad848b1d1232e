"""A local Stripe with our catalogue in it, whose clock stands still, and the company of the template's tenant A there."""

import shutil
from collections.abc import Iterator
from typing import Any

import pytest

from billing.catalogue.selectors import catalogue
from billing.catalogue.sync import sync_catalogue
from billing.local_stripe.testing import running
from tests.billing.core.shop import Shop


@pytest.fixture(scope="session")
def stocked(tmp_path_factory: Any) -> Any:
    """Return the rows of a local Stripe that the catalogue was brought to."""
    path = tmp_path_factory.mktemp("stripe") / "rows.json"
    with running(path, deliver=False) as stripe:
        saving, stripe.local.store.save = stripe.local.store.save, lambda: None
        sync_catalogue(client=stripe.client, catalogue=catalogue())
        saving()
    return path


@pytest.fixture
def shop(_database: Any, stocked: Any, tmp_path: Any, settings: Any) -> Iterator[Shop]:
    """Return a shop on a local Stripe of its own."""
    path = shutil.copy(stocked, tmp_path / "rows.json")
    with running(path, deliver=False) as stripe:
        stripe.local.store.path = None
        settings.STRIPE_API_BASE = stripe.url
        yield Shop(stripe)
