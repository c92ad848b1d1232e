"""Both kinds of hosts, served by Django's test client."""

from uuid import uuid4

import pytest

from tessera.accounts.tests.hosts import Browser


@pytest.fixture
def browser(tenant, settings):
    """Return a browser; sessions and limits are those of production, and nobody's attempts count for another test."""
    settings.CACHES = {"default": {**settings.CACHES["default"], "KEY_PREFIX": f"test:{uuid4()}"}}
    settings.ROOT_URLCONF = "tessera.accounts.tests.urls"
    return Browser()
