"""A local Stripe that sells our whole catalogue, and a company whose owner buys there over the API."""

import shutil
from collections.abc import Iterator
from typing import Any

import pytest

from billing.catalogue.selectors import catalogue
from billing.catalogue.sync import sync_catalogue
from billing.gateway import client as gateway
from billing.local_stripe.testing import running
from tenants.provisioning import create_tenant
from tests.billing.core.shop import Shop
from tests.billing.ready import _ready  # noqa: F401
from tests.billing.services.paying import Payer
from tests.tenancy.people import owner_of


@pytest.fixture(scope="session")
def synced(tmp_path_factory: Any) -> Any:
    """Return the rows of a local Stripe that was brought up to our catalogue."""
    path = tmp_path_factory.mktemp("stripe") / "rows.json"
    with running(path, deliver=False) as stripe:
        saving, stripe.local.store.save = stripe.local.store.save, lambda: None
        sync_catalogue(client=stripe.client, catalogue=catalogue())
        stripe.local.store.kinds["event"].clear()
        saving()
    return path


@pytest.fixture
def shop(_database: Any, synced: Any, tmp_path: Any, settings: Any, monkeypatch: Any) -> Iterator[Shop]:
    """Return a shop on a local Stripe of its own."""
    path = shutil.copy(synced, tmp_path / "rows.json")
    with running(path, deliver=False) as stripe:
        stripe.local.store.path = None
        settings.STRIPE_API_BASE = stripe.url
        monkeypatch.setattr(gateway, "RETRIES", 0)  # an outage is one at once
        yield Shop(stripe)


@pytest.fixture
def acme(shop: Shop) -> Any:
    return create_tenant(company="Acme", slug="acme")


@pytest.fixture
def ada(acme: Any) -> Any:
    return owner_of(acme)


@pytest.fixture
def payer(shop: Shop, acme: Any, ada: Any, monkeypatch: Any) -> Payer:
    """Return a company that pays with a good card and has nothing yet."""
    made = Payer(shop, acme, ada)
    made.clock(monkeypatch)
    return made
