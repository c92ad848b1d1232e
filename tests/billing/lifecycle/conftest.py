"""A company in its trial, whose owner is ada, and a local Stripe."""

from datetime import UTC, datetime, timedelta

import pytest
from tessera.accounts.services import add_membership

from billing.tasks import live, sweep
from tenants.models import Tenant
from tenants.provisioning import create_tenant
from tests.billing.core.conftest import shop as core_shop  # noqa: F401
from tests.billing.core.conftest import stocked  # noqa: F401
from tests.billing.ready import _ready  # noqa: F401
from tests.tenancy.people import owner_of

FOUNDED = datetime(2030, 3, 1, 8, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _files(settings, tmp_path):
    settings.MEDIA_ROOT, settings.TESSERA_EXPORTS = tmp_path / "files", tmp_path / "exports"


@pytest.fixture
def acme(_database, time_machine):
    time_machine.move_to(FOUNDED, tick=False)
    Tenant.objects.update(created_at=FOUNDED + timedelta(days=3650))  # the template's have no part in this
    return create_tenant(company="Acme", slug="acme")


@pytest.fixture
def ada(acme):
    owner = owner_of(acme)
    add_membership(account_id=owner.member.account_id, tenant_id=acme.pk)
    return owner


@pytest.fixture
def shop(core_shop, acme):  # noqa: F811
    """Return a shop whose Stripe has the company's time."""
    core_shop.stripe.advance(int(FOUNDED.timestamp()) - core_shop.stripe.now)
    return core_shop


def clock():
    """Let the clock strike: what beat starts."""
    sweep()
    live()


def state_of(tenant):
    """Return how a tenant is kept: its state and its access."""
    now = Tenant.objects.get(pk=tenant.pk)
    return now.state, now.access
