"""Tenants are brought to the code that runs, one by one; one tenant's fault is its own."""

import pytest
from django.core.management import CommandError, call_command
from django.db import connections
from django.test import Client
from tessera.db import scripts
from tessera.module import modules

from tenants import installations, upgrades
from tenants.installations import disable_module, enable_modules, enabling, mirror, upgrade_tenant
from tenants.models import Installation, Tenant
from tenants.provisioning import create_tenant
from tenants.upgrades import stale_tenants, upgrade_all
from tests.tenancy.conftest import forget_modules
from tests.tenancy.tenants_seen import Killed, inside, states


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


DUPLICATES = "CREATE UNIQUE INDEX alpha_amount_once ON alpha_thing (amount)"


@pytest.fixture
def with_alpha(three, planted):
    """Return three tenants with alpha; in the second its rows do not fit what the next version demands."""
    for tenant in three:
        enable_modules(tenant=tenant, modules=["alpha"])
    with inside(three[1]), connections["default"].cursor() as cursor:
        cursor.execute(
            "INSERT INTO alpha_thing (id, name, amount, code) SELECT gen_random_uuid(), 'second', amount, code FROM alpha_thing"
        )
    return three


def told(tenant) -> int:
    return Client(HTTP_HOST=f"{tenant.slug}.localhost").get("/health").status_code


def test_a_tenant_whose_rows_do_not_fit_is_fenced_alone_and_opened_by_the_next_run(with_alpha, newer, capsys):
    newer(DUPLICATES)
    call_command("tenant", "upgrade", "--pending")
    assert capsys.readouterr().out.splitlines()[-1] == "3 tenants wait for an upgrade"
    with pytest.raises(CommandError, match="fenced until a retry ends well"):
        call_command("tenant", "upgrade")
    lines = capsys.readouterr().out.splitlines()
    assert (lines[0], lines[2], lines[3]) == ("1/3 one: upgraded", "3/3 three: upgraded", "2 upgraded, 1 failed")
    assert lines[1].startswith("2/3 two: fenced, could not create unique index")
    assert [told(tenant) for tenant in with_alpha] == [200, 503, 200]
    assert states(with_alpha[1]) == {"alpha": "failed"}
    with inside(with_alpha[1]), connections["default"].cursor() as cursor:
        cursor.execute("DELETE FROM alpha_thing WHERE name = 'second'")
    call_command("tenant", "upgrade")
    assert capsys.readouterr().out.splitlines() == ["1/1 two: upgraded", "1 upgraded, 0 failed"]
    assert [told(tenant) for tenant in with_alpha] == [200, 200, 200]


@pytest.mark.parametrize("seam", ["bring_up", "settle", "note_kernel", "_fence"])
def test_a_killed_run_is_resumed_by_the_next(with_alpha, newer, monkeypatch, seam):
    newer()
    real, calls = getattr(enabling, seam), []

    def die(*args, **options):
        calls.append(seam)
        if len(calls) == 2:
            raise Killed
        return real(*args, **options)

    with monkeypatch.context() as dying:
        dying.setattr(enabling, seam, die)
        with pytest.raises(Killed):
            upgrade_all()
    upgrade_all()
    assert list(stale_tenants()) == []
    assert upgrade_all() == (0, 0)
    for tenant in with_alpha:
        row = Installation.objects.get(tenant=tenant, module="alpha")
        assert (row.state, row.version, mirror.truth(tenant)["alpha"].module_version) == ("on", "1.1", "1.1")


def test_two_runs_side_by_side_do_nothing_twice(three, monkeypatch):
    Tenant.objects.update(fingerprint="old")
    done = []

    def beside(one):
        if not done:
            done.append(one.tenant.slug)
            done.extend(["beside"] * upgrade_all()[0])

    assert upgrade_all(tell=beside) == (1, 0)
    assert done == ["one", "beside", "beside"]
