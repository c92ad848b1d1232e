"""Tenants are made whole, under names that are free, and brought up to date one by one."""

import pytest
from django.core.management import CommandError, call_command
from tessera.errors import Refused

from tenants import installations, upgrades
from tenants.models import Domain, Installation, Tenant
from tenants.provisioning import check_slug, create_tenant
from tenants.upgrades import stale_tenants, upgrade_all


@pytest.mark.parametrize(
    ("slug", "code"),
    [
        ("ab", "INVALID"),
        ("x" * 41, "INVALID"),
        ("-acme", "INVALID"),
        ("acme-", "INVALID"),
        ("ac--me", "INVALID"),
        ("4you", "INVALID"),
        ("ac me", "INVALID"),
        ("ac.me", "INVALID"),
        ("äcme", "INVALID"),
        ("acme\n", "OK"),
        ("www", "RESERVED"),
        ("Accounts", "RESERVED"),
        ("taken", "UNIQUE"),
        ("TAKEN", "UNIQUE"),
        ("custom", "UNIQUE"),
    ],
)
def test_names_are_well_formed_free_and_not_reserved(tenant, slug, code):
    Tenant.objects.filter(pk=tenant.pk).update(slug="taken")
    Domain.objects.create(tenant=tenant, domain="custom.localhost", is_primary=False)
    try:
        check_slug(slug)
        found = "OK"
    except Refused as refused:
        found = refused.problems[0].code
        assert refused.problems[0].field == ("slug",)
    assert found == code


def test_a_tenant_is_made_whole(_database):
    tenant = create_tenant(company="Acme", slug="Acme", modules=[], language="zh-hans", time_zone="Asia/Shanghai")
    assert (tenant.state, tenant.slug) == ("active", "acme")
    assert list(tenant.domains.values_list("domain", "is_primary")) == [("acme.localhost", True)]
    assert tenant.ref().zone.key == "Asia/Shanghai"
    assert not stale_tenants().filter(pk=tenant.pk).exists()


def test_an_unknown_module_makes_no_tenant(_database):
    with pytest.raises(Refused):
        create_tenant(company="Acme", slug="acme", modules=["nothing"])
    assert not Tenant.objects.filter(slug="acme").exists()


@pytest.fixture
def three(_database):
    Tenant.objects.exclude(slug="").delete()
    return [create_tenant(company=slug, slug=slug) for slug in ("one", "two", "three")]


def test_nothing_to_upgrade_costs_one_query(three, django_assert_num_queries):
    from django.db import connections

    with (
        django_assert_num_queries(1, connection=connections["shared"]),
        django_assert_num_queries(0, connection=connections["default"]),
    ):
        assert upgrade_all() == (0, 0)


def test_stale_tenants_are_upgraded_and_the_run_is_resumable(three):
    Tenant.objects.update(fingerprint="old")
    assert upgrade_all(limit=1) == (1, 0)
    assert upgrade_all() == (2, 0)
    assert upgrade_all() == (0, 0)


def test_a_stale_module_makes_its_tenant_stale(three):
    Installation.objects.filter(tenant=three[1], module="base").update(fingerprint="old")
    assert [tenant.slug for tenant in stale_tenants()] == ["two"]


def test_a_module_that_never_came_on_makes_nobody_stale(three):
    Installation.objects.create(tenant=three[0], module="base2", state="failed")
    Installation.objects.filter(tenant=three[0], module="base").update(state="failed", fingerprint="")
    assert list(stale_tenants()) == []


def fail_for(monkeypatch, slug):
    real = installations.upgrade_tenant

    def upgrade(*, tenant):
        if tenant.slug == slug:
            raise RuntimeError("broken")
        return real(tenant=tenant)

    monkeypatch.setattr(upgrades, "upgrade_tenant", upgrade)


def test_one_tenants_fault_is_its_own(three, monkeypatch):
    Tenant.objects.update(fingerprint="old")
    fail_for(monkeypatch, "two")
    assert upgrade_all() == (2, 1)
    assert [tenant.slug for tenant in stale_tenants()] == ["two"]


def test_a_failing_canary_stops_the_rest(three, monkeypatch):
    Tenant.objects.update(fingerprint="old")
    fail_for(monkeypatch, "two")
    assert upgrade_all(canary="two") == (0, 1)
    assert stale_tenants().count() == 3


def test_the_command_line_makes_lists_and_closes_tenants(_database, capsys):
    call_command("tenant", "create", "acme", "--company", "Acme")
    assert "http://acme.localhost:8000/ is ready" in capsys.readouterr().out
    call_command("tenant", "suspend", "acme")
    call_command("tenant", "list")
    assert "acme                           suspended" in capsys.readouterr().out
    call_command("tenant", "resume", "acme")
    assert Tenant.objects.get(slug="acme").state == "active"
    call_command("tenant", "reconcile", "acme")
    assert "base                 on" in capsys.readouterr().out
    with pytest.raises(CommandError, match="there is no tenant nobody"):
        call_command("tenant", "suspend", "nobody")


def test_the_command_line_switches_modules(_database, planted, capsys, settings, tmp_path):
    settings.TESSERA_EXPORTS = tmp_path
    call_command("tenant", "create", "acme", "--company", "Acme")
    call_command("module", "enable", "beta", "--tenant", "acme")
    call_command("module", "list", "--tenant", "acme")
    assert "beta                 1.0      module  on" in capsys.readouterr().out
    with pytest.raises(CommandError, match="needed by"):
        call_command("module", "disable", "alpha", "--tenant", "acme")
    call_command("module", "disable", "beta", "--tenant", "acme")
    call_command("module", "purge", "beta", "--confirm", "beta", "--tenant", "acme")
    assert len(list(tmp_path.rglob("beta-*.zip"))) == 1
