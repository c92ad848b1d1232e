"""Both kinds of hosts, served by Django's test client."""

from uuid import uuid4

import pytest

from tessera.access.models import Member
from tessera.accounts.models import Account
from tessera.accounts.tests.hosts import Browser, join, make_account


@pytest.fixture
def browser(tenant, settings) -> Browser:
    """Return a browser; sessions and limits are those of production, and nobody's attempts count for another test."""
    settings.CACHES = {"default": {**settings.CACHES["default"], "KEY_PREFIX": f"test:{uuid4()}"}}
    settings.ROOT_URLCONF = "tessera.accounts.tests.urls"
    return Browser()


@pytest.fixture
def bob(browser, tenant) -> tuple[Member, Account]:
    """Return bob as tenant A knows him, and his account."""
    account = make_account("bob@example.com", name="Bob")
    return join(tenant, account), account
