"""Both kinds of hosts, served by Django's test client."""

import pytest

from tessera.accounts.tests.hosts import Browser


@pytest.fixture
def browser(tenant, settings):
    """Return a browser; sessions and limits are those of production."""
    settings.ROOT_URLCONF = "tessera.accounts.tests.urls"
    settings.MIDDLEWARE = ["tessera.accounts.tests.middleware.TestTenantMiddleware", *settings.MIDDLEWARE[1:]]
    return Browser()
