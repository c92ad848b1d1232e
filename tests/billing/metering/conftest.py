"""A company with a plan, and a local Stripe that counts."""

import pytest
from tessera.context import system
from tessera.testing.plugin import entered

from billing.catalogue.offers import Kind
from billing.catalogue.selectors import catalogue
from billing.models import Entitlement
from billing.tasks import live, sweep  # noqa: F401
from tests.billing.core.conftest import shop, stocked  # noqa: F401


@pytest.fixture(autouse=True)
def _files(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path


@pytest.fixture
def plan(tenant):
    """Return a function that says how much the company may use: `plan(seats=3, messages=(10, True))`, an amount and whether it is soft."""

    def give(*, seats=None, **quotas):
        limits = {name: {"limit": limit, "is_soft": soft} for name, (limit, soft) in quotas.items()}
        values = {
            "access": "full",
            "modules": [],
            "bought": [],
            "seats": seats,
            "quotas": limits,
            "trace": [],
            "catalogue": catalogue().version,
            "changed_at": tenant.created_at,
        }
        Entitlement.objects.update_or_create(tenant=tenant, defaults=values)

    return give


@pytest.fixture
def inside(tenant):
    with entered(tenant, actor=system("test")) as context:
        yield context


@pytest.fixture
def meters(shop):  # noqa: F811
    """Let the local Stripe have the meters of the catalogue; return what a customer was counted, by meter."""
    for offer in catalogue().offers:
        if offer.kind is Kind.METER:
            shop.v1.billing.meters.create(
                {"display_name": offer.key, "event_name": offer.meter.event_name, "default_aggregation": {"formula": "sum"}}
            )

    def counted(customer):
        found = {}
        for row in shop.stripe.local.store.of("billing.meter_event"):
            if row["payload"]["stripe_customer_id"] == customer.stripe_id:
                found[row["event_name"]] = found.get(row["event_name"], 0) + int(row["payload"]["value"])
        return found

    return counted
