"""A catalogue with a partner in it, a local Stripe that sells it, and a company that pays there."""

import pytest

from tests.billing.core.conftest import shop, stocked  # noqa: F401
from tests.billing.partners.hands import Dealer


@pytest.fixture(autouse=True)
def _sold(settings):
    settings.TESSERA_CATALOGUE = "tests.billing.partners.planted.CATALOGUE"


@pytest.fixture
def dealer(shop, tenant, settings):  # noqa: F811
    """Return a company that buys of a partner, with the means to give back and to dispute what it paid."""
    settings.TESSERA_PARTNER_MINIMUM = {}
    return Dealer(shop, tenant)
