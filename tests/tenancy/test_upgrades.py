"""Tenants are brought to the code that runs, one by one; one tenant's fault is its own."""

import pytest
from django.db import connections
from tessera.db import scripts
from tessera.module import modules

from tenants.installations import disable_module, enable_modules, upgrade_tenant
from tenants.models import Installation, Tenant
from tests.tenancy.conftest import forget_modules
from tests.tenancy.tenants_seen import inside, states


@pytest.fixture
def newer(planted, monkeypatch):
    """Return a function that releases alpha 1.1, which has one column more."""

    def release(sql="ALTER TABLE alpha_thing ADD COLUMN note text"):
        real = scripts.scripts_for

        def with_step(labels):
            found = real(labels)
            return [
                scripts.Script(("alpha", "0002_note"), "x", (scripts.Step(sql=sql),)) if s.key == ("alpha", "0002_note") else s
                for s in found
            ] + ([scripts.Script(("alpha", "0002_note"), "x", (scripts.Step(sql=sql),))] if "alpha" in labels else [])

        monkeypatch.setattr(type(modules()["alpha"]), "version", "1.1")
        scripts.fingerprint_of.cache_clear()
        monkeypatch.setattr("tessera.db.installer.scripts_for", with_step)
        monkeypatch.setattr("tessera.db.installer._is_seen", lambda key, seen: key in seen)

    yield release
    monkeypatch.undo()
    forget_modules()


def test_an_upgrade_moves_tables_data_and_mirror_on(tenant, planted, newer):
    enable_modules(tenant=tenant, modules=["alpha"])
    newer()
    upgrade_tenant(tenant=tenant)
    with inside(tenant), connections["default"].cursor() as cursor:
        cursor.execute("SELECT note FROM alpha_thing")
        assert cursor.fetchall() == [(None,)]
    assert planted[-1] == ("upgrade", "alpha", "1.0")
    row = Installation.objects.get(tenant=tenant, module="alpha")
    assert (row.state, row.version, row.fingerprint) == ("on", "1.1", scripts.fingerprint_of("alpha"))


def test_a_module_that_is_off_gets_its_tables_upgraded_and_its_data_when_it_returns(tenant, planted, newer):
    enable_modules(tenant=tenant, modules=["alpha"])
    disable_module(tenant=tenant, module="alpha")
    newer()
    upgrade_tenant(tenant=tenant)
    row = Installation.objects.get(tenant=tenant, module="alpha")
    assert (row.state, row.version, row.fingerprint) == ("off", "1.0", scripts.fingerprint_of("alpha"))
    assert ("upgrade", "alpha", "1.0") not in planted
    enable_modules(tenant=tenant, modules=["alpha"])
    assert planted[-2:] == [("upgrade", "alpha", "1.0"), ("enable", "alpha", "a")]


def test_enabling_upgrades_what_it_depends_on_first(tenant, planted, newer):
    enable_modules(tenant=tenant, modules=["alpha"])
    newer()
    enable_modules(tenant=tenant, modules=["beta"])
    assert Installation.objects.get(tenant=tenant, module="alpha").version == "1.1"


def test_a_failing_upgrade_fences_its_tenant_alone_until_a_retry_ends_well(tenant, other_tenant, planted, newer):
    enable_modules(tenant=tenant, modules=["alpha"])
    newer("ALTER TABLE alpha_absent ADD COLUMN note text")
    with pytest.raises(Exception, match="alpha_absent"):
        upgrade_tenant(tenant=tenant)
    assert Tenant.objects.get(pk=tenant.pk).state == Tenant.State.FENCED
    assert Tenant.objects.get(pk=other_tenant.pk).state == Tenant.State.ACTIVE
    assert states(tenant) == {"alpha": "failed"}
    newer()
    upgrade_tenant(tenant=tenant)
    assert Tenant.objects.get(pk=tenant.pk).state == Tenant.State.ACTIVE
    assert states(tenant) == {"alpha": "on"}
