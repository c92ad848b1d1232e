"""The life of a module in a tenant: on, off, failed, and every move between."""

import pytest
from django.db import connections
from tessera.audit.models import AuditEntry
from tessera.context import Actor
from tessera.errors import Refused
from tessera.module import modules

from tenants import installations
from tenants.directory import modules_on
from tenants.installations import disable_module, enable_modules, mirror, reconcile_tenant
from tenants.models import Installation
from tests.tenancy.tenants_seen import checksum, inside, own_states, states, tables

State = Installation.State


def test_enabling_makes_tables_in_that_tenant_only(tenant, other_tenant, planted):
    on = enable_modules(tenant=tenant, modules=["beta"])
    assert {"base", "alpha", "beta"} <= on
    assert tables(tenant) == {"alpha_thing", "beta_part"}
    assert tables(other_tenant) == set()
    assert states(tenant) == own_states(tenant) == {"alpha": "on", "beta": "on"}
    assert modules_on(tenant) >= {"alpha", "beta"}


def test_enabling_seeds_once_and_in_the_same_transaction(tenant, planted):
    enable_modules(tenant=tenant, modules=["alpha"])
    enable_modules(tenant=tenant, modules=["alpha", "beta"])
    assert planted == [("enable", "alpha", "a")]
    with inside(tenant), connections["default"].cursor() as cursor:
        cursor.execute("SELECT name FROM alpha_thing")
        assert cursor.fetchall() == [("first",)]


def test_what_was_asked_for_is_told_from_what_came_along(tenant, planted):
    enable_modules(tenant=tenant, modules=["beta"])
    assert dict(Installation.objects.filter(tenant=tenant, module__in=["alpha", "beta"]).values_list("module", "requested")) == {
        "alpha": False,
        "beta": True,
    }


def test_an_unknown_module_is_refused_and_nothing_changes(tenant, planted):
    with pytest.raises(Refused) as refused:
        enable_modules(tenant=tenant, modules=["alpha", "nothing"])
    assert (refused.value.problems[0].code, refused.value.problems[0].field) == ("NOT_FOUND", ("modules",))
    assert states(tenant) == {}


def test_the_act_is_audited_under_the_person(tenant, planted):
    ada = Actor(kind="member", name="ada")
    enable_modules(tenant=tenant, modules=["alpha"], actor=ada)
    with inside(tenant):
        entry = AuditEntry.objects.get(label="installation.InstalledModule", after__label="alpha")
        assert (entry.actor_name, entry.verb) == ("ada", "create")


def test_disabling_keeps_every_byte(tenant, planted):
    enable_modules(tenant=tenant, modules=["alpha"])
    before = checksum(tenant, "alpha_thing")
    assert disable_module(tenant=tenant, module="alpha") == {"alpha"}
    assert states(tenant) == own_states(tenant) == {"alpha": "off"}
    assert "alpha" not in modules_on(tenant)
    assert checksum(tenant, "alpha_thing") == before
    enable_modules(tenant=tenant, modules=["alpha"])
    assert checksum(tenant, "alpha_thing") == before
    assert planted == [("enable", "alpha", "a"), ("disable", "alpha", "a"), ("enable", "alpha", "a")]


def test_a_bundle_takes_its_parts_along_unless_another_needs_them(tenant, planted):
    enable_modules(tenant=tenant, modules=["pack"])
    enable_modules(tenant=tenant, modules=["gamma"])
    assert disable_module(tenant=tenant, module="pack") == {"pack", "beta"}
    assert states(tenant) == {"alpha": "on", "beta": "off", "gamma": "on", "pack": "off"}
    assert disable_module(tenant=tenant, module="gamma") == {"gamma", "alpha"}


def test_a_part_asked_for_by_name_survives_its_bundle(tenant, planted):
    enable_modules(tenant=tenant, modules=["pack"])
    enable_modules(tenant=tenant, modules=["beta"])
    assert disable_module(tenant=tenant, module="pack") == {"pack"}
    assert states(tenant) == {"alpha": "on", "beta": "on", "pack": "off"}


@pytest.mark.parametrize(
    ("module", "code"), [("alpha", "IN_USE"), ("base", "IN_USE"), ("gamma", "STATE"), ("nothing", "NOT_FOUND")]
)
def test_what_others_need_stays_on(tenant, planted, module, code):
    enable_modules(tenant=tenant, modules=["beta"])
    with pytest.raises(Refused) as refused:
        disable_module(tenant=tenant, module=module)
    assert refused.value.problems[0].code == code
    assert states(tenant) == {"alpha": "on", "beta": "on"}


def test_a_failure_leaves_failed_its_reason_and_a_retry(tenant, planted, monkeypatch):
    def stumble(self, tenant):
        raise RuntimeError("no paper")

    with monkeypatch.context() as broken:
        broken.setattr(type(modules()["alpha"]), "on_enable", stumble)
        with pytest.raises(RuntimeError):
            enable_modules(tenant=tenant, modules=["beta"])
    assert states(tenant) == {"alpha": "failed", "beta": "failed"}
    assert Installation.objects.get(tenant=tenant, module="alpha").why == "enable: RuntimeError: no paper"
    assert (tables(tenant), own_states(tenant)) == (set(), {})
    assert "alpha" not in modules_on(tenant)
    enable_modules(tenant=tenant, modules=["beta"])
    assert states(tenant) == own_states(tenant) == {"alpha": "on", "beta": "on"}
    assert Installation.objects.get(tenant=tenant, module="alpha").why == ""


def test_every_state_but_the_allowed_ones_refuses_the_act(tenant, planted):
    row = Installation.objects.create(tenant=tenant, module="alpha")
    acts = [State.ENABLING, State.DISABLING, State.UPGRADING, State.PURGING]
    allowed = set()
    for state in State:
        for act in acts:
            row.state = state
            row.save()
            try:
                mirror.move(row, act)
                allowed.add((str(state), str(act)))
            except Refused as refused:
                assert refused.problems[0].code == "STATE"
    assert allowed == {
        ("absent", "enabling"),
        ("off", "enabling"),
        ("on", "disabling"),
        ("on", "upgrading"),
        ("off", "purging"),
        *(("failed", str(act)) for act in acts),
        *((str(act), str(act)) for act in acts),
    }


def test_the_mirror_is_made_true_whatever_it_says(tenant, planted):
    enable_modules(tenant=tenant, modules=["alpha"])
    Installation.objects.filter(tenant=tenant, module="alpha").update(state=State.OFF, version="0")
    Installation.objects.create(tenant=tenant, module="gamma", state=State.ON)
    reconcile_tenant(tenant=tenant)
    assert states(tenant) == {"alpha": "on", "gamma": "absent"}
    Installation.objects.filter(tenant=tenant, module="alpha").delete()
    assert {"alpha": "on"}.items() <= reconcile_tenant(tenant=tenant).items()


def test_switching_inside_a_unit_of_work_is_refused(tenant, planted):
    from tessera.unit_of_work import WriteOutsideUnit, unit_of_work

    with inside(tenant), unit_of_work(), pytest.raises(WriteOutsideUnit):
        enable_modules(tenant=tenant, modules=["alpha"])


def test_the_public_surface_is_five_acts():
    assert sorted(installations.__all__) == [
        "disable_module", "enable_modules", "purge_module", "reconcile_tenant", "upgrade_tenant",
    ]  # fmt: skip
