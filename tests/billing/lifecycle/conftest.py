"""A company in its trial, whose owner is ada, and a local Stripe."""

from datetime import UTC, datetime

import pytest

from billing.tasks import live, sweep
from tenants.models import Tenant
from tenants.provisioning import create_tenant
from tests.billing.core.conftest import shop, stocked  # noqa: F401
from tests.tenancy.people import owner_of

FOUNDED = datetime(2030, 3, 1, 8, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _files(settings, tmp_path):
    settings.MEDIA_ROOT, settings.TESSERA_EXPORTS = tmp_path / "files", tmp_path / "exports"


@pytest.fixture
def acme(_database, time_machine):
    time_machine.move_to(FOUNDED, tick=False)
    return create_tenant(company="Acme", slug="acme")


@pytest.fixture
def ada(acme):
    return owner_of(acme)


def clock():
    """Let the clock strike: what beat starts."""
    sweep()
    live()


def state_of(tenant):
    """Return how a tenant is kept: its state and its access."""
    now = Tenant.objects.get(pk=tenant.pk)
    return now.state, now.access
