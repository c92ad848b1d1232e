"""Tenants are made whole, under names that are free, and brought up to date one by one."""

import pytest
from django.core.management import CommandError, call_command
from tessera.errors import Refused

from tenants.directory import find
from tenants.hosts import place_of
from tenants.models import Domain, Tenant
from tenants.provisioning import check_slug, create_tenant, set_tier
from tenants.upgrades import stale_tenants


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


def test_a_tier_is_known_to_requests_and_tasks_without_a_question_more(tenant, settings, django_assert_num_queries):
    settings.TESSERA_BUDGET_TIERS = {"": 1.0, "large": 4.0}
    before = (place_of("a.localhost").tenant.tier, find(tenant.id)[0].tier)
    set_tier(tenant=tenant, tier="large")
    assert (before, tenant.tier) == (("", ""), "large")
    with django_assert_num_queries(2, using="shared"):  # the domain with its tenant, and the modules
        assert place_of("a.localhost").tenant.tier == "large"
    with django_assert_num_queries(1, using="shared"):
        assert find(tenant.id)[0].tier == "large"


def test_a_tier_that_is_in_no_setting_is_refused(tenant):
    with pytest.raises(Refused) as refused:
        set_tier(tenant=tenant, tier="golden")
    assert [(each.code, each.field) for each in refused.value.problems] == [("INVALID", ("tier",))]
    tenant.refresh_from_db()
    assert tenant.tier == ""
