"""The life of a module in a tenant: every state, every refusal, and a kill between any two steps."""

import hashlib
import json
from zipfile import ZipFile

import pytest
from django.db import connections
from tessera.audit.models import AuditEntry
from tessera.context import Actor, enter, system
from tessera.db import scripts
from tessera.errors import Refused
from tessera.module import modules

from tenants import installations
from tenants.directory import modules_on
from tenants.installations import (
    disable_module,
    disabling,
    enable_modules,
    enabling,
    mirror,
    purge_module,
    purging,
    reconcile_tenant,
    upgrade_tenant,
)
from tenants.models import Installation, Tenant
from tests.tenancy.conftest import forget_modules

State = Installation.State


class Killed(BaseException):
    """What a kill -9 looks like to the code it hits: nothing below it runs."""


def inside(tenant, *on):
    return enter(tenant.ref(), actor=system("test"), modules=frozenset(on))


def states(tenant) -> dict[str, str]:
    found = {row.module: row.state for row in Installation.objects.filter(tenant=tenant)}
    return {label: state for label, state in found.items() if label in ("alpha", "beta", "gamma", "pack")}


def own_states(tenant) -> dict[str, str]:
    return {label: row.state for label, row in mirror.truth(tenant).items() if label in ("alpha", "beta", "gamma", "pack")}


def checksum(tenant, table) -> str:
    with inside(tenant), connections["default"].cursor() as cursor:
        cursor.execute(
            f"SELECT md5(string_agg(t.ctid::text || t.xmin::text || to_jsonb(t)::text, '|' ORDER BY id)) FROM {table} t"
        )
        return cursor.fetchone()[0]


def tables(tenant) -> set[str]:
    with inside(tenant), connections["default"].cursor() as cursor:
        cursor.execute("SELECT tablename FROM pg_tables WHERE schemaname = current_schema()")
        return {name for (name,) in cursor.fetchall() if name.startswith(("alpha_", "beta_"))}


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


def test_purging_exports_drops_and_forgets(tenant, planted, settings, tmp_path):
    settings.TESSERA_EXPORTS = tmp_path
    enable_modules(tenant=tenant, modules=["alpha"])
    disable_module(tenant=tenant, module="alpha")
    export = purge_module(tenant=tenant, module="alpha", confirmation="alpha")
    assert export.parent == tmp_path / str(tenant.id)
    with ZipFile(export) as archive:
        rows = archive.read("alpha_thing.jsonl")
        manifest = json.loads(archive.read("manifest.json"))
    assert [json.loads(line)["name"] for line in rows.splitlines()] == ["first"]
    assert manifest["files"] == {"alpha_thing.jsonl": {"rows": 1, "sha256": hashlib.sha256(rows).hexdigest()}}
    assert (manifest["module"], manifest["version"]) == ("alpha", "1.0")
    assert tables(tenant) == set()
    assert (states(tenant), own_states(tenant)) == ({"alpha": "absent"}, {})
    assert planted[-1] == ("purge", "alpha", "a")
    with inside(tenant), connections["default"].cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_proc WHERE pronamespace = current_schema()::regnamespace AND proname ~ '^alpha'")
        assert cursor.fetchone() == (0,)
        cursor.execute("SELECT count(*) FROM pg_type WHERE typnamespace = current_schema()::regnamespace AND typtype = 'e'")
        assert cursor.fetchone() == (0,)
    enable_modules(tenant=tenant, modules=["alpha"])
    assert tables(tenant) == {"alpha_thing"}


@pytest.mark.parametrize(
    ("prepare", "confirmation", "code"),
    [
        (["alpha"], "alfa", "INVALID"),
        (["alpha"], "alpha", "STATE"),
        ([], "alpha", "STATE"),
    ],
)
def test_purging_wants_the_typed_name_of_a_module_that_is_off(tenant, planted, prepare, confirmation, code):
    enable_modules(tenant=tenant, modules=prepare)
    with pytest.raises(Refused) as refused:
        purge_module(tenant=tenant, module="alpha", confirmation=confirmation)
    assert refused.value.problems[0].code == code


def test_purging_is_refused_while_tables_of_another_module_point_to_it(tenant, planted):
    enable_modules(tenant=tenant, modules=["beta"])
    disable_module(tenant=tenant, module="beta")
    with pytest.raises(Refused) as refused:
        purge_module(tenant=tenant, module="alpha", confirmation="alpha")
    assert refused.value.problems[0].code == "IN_USE"
    assert "beta" in str(refused.value)


def test_a_module_that_refuses_to_be_purged_stays_off_and_whole(tenant, planted, monkeypatch, settings, tmp_path):
    settings.TESSERA_EXPORTS = tmp_path

    def keep(self, tenant):
        raise Refused("RETENTION", "The law wants these books.")

    enable_modules(tenant=tenant, modules=["alpha"])
    disable_module(tenant=tenant, module="alpha")
    monkeypatch.setattr(type(modules()["alpha"]), "on_purge", keep)
    with pytest.raises(Refused, match="The law"):
        purge_module(tenant=tenant, module="alpha", confirmation="alpha")
    assert states(tenant) == {"alpha": "off"}
    assert tables(tenant) == {"alpha_thing"}
    assert list(tmp_path.rglob("*.zip")) == []


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


def kill(monkeypatch, module, name, *, after=False):
    """Let the process die when it reaches (or has just left) a function."""
    real = getattr(module, name)

    def die(*args, **kwargs):
        if after:
            real(*args, **kwargs)
        raise Killed

    monkeypatch.setattr(module, name, die)


STEPS = [(enabling, "bring_up", False), (enabling, "settle", False), (enabling, "settle", True), (mirror, "reflect", False)]


@pytest.mark.parametrize(("module", "name", "after"), STEPS)
@pytest.mark.parametrize("heal", ["reconcile", "retry"])
def test_enabling_killed_at_any_step_is_healed(tenant, planted, monkeypatch, module, name, after, heal):
    with monkeypatch.context() as dying:
        kill(dying, module, name, after=after)
        with pytest.raises(Killed):
            enable_modules(tenant=tenant, modules=["beta"])
    assert states(tenant) == {"alpha": "enabling", "beta": "enabling"}
    done = (module, name) == (mirror, "reflect")
    assert own_states(tenant) == ({"alpha": "on", "beta": "on"} if done else {})
    if heal == "reconcile":
        assert {"alpha": "on", "beta": "on"}.items() <= reconcile_tenant(tenant=tenant).items()
    else:
        enable_modules(tenant=tenant, modules=["beta"])
    assert states(tenant) == own_states(tenant) == {"alpha": "on", "beta": "on"}
    assert planted.count(("enable", "alpha", "a")) == (2 if after else 1)  # one that was rolled back, one that stayed


@pytest.mark.parametrize(("module", "name"), [(disabling, "switch_off"), (disabling, "mark"), (mirror, "reflect")])
def test_disabling_killed_at_any_step_is_healed(tenant, planted, monkeypatch, module, name):
    enable_modules(tenant=tenant, modules=["beta"])
    with monkeypatch.context() as dying:
        kill(dying, module, name)
        with pytest.raises(Killed):
            disable_module(tenant=tenant, module="beta")
    assert states(tenant) == {"alpha": "disabling", "beta": "disabling"}
    reconcile_tenant(tenant=tenant)
    assert states(tenant) == own_states(tenant) == {"alpha": "off", "beta": "off"}


@pytest.mark.parametrize(
    ("module", "name"), [(purging, "take_out"), (purging, "write_export"), (purging, "_drop"), (mirror, "reflect")]
)
def test_purging_killed_at_any_step_is_healed(tenant, planted, monkeypatch, settings, tmp_path, module, name):
    settings.TESSERA_EXPORTS = tmp_path
    enable_modules(tenant=tenant, modules=["alpha"])
    disable_module(tenant=tenant, module="alpha")
    with monkeypatch.context() as dying:
        kill(dying, module, name)
        with pytest.raises(Killed):
            purge_module(tenant=tenant, module="alpha", confirmation="alpha")
    assert states(tenant) == {"alpha": "purging"}
    reconcile_tenant(tenant=tenant)
    assert (states(tenant), own_states(tenant), tables(tenant)) == ({"alpha": "absent"}, {}, set())
    assert len(list(tmp_path.rglob("*.zip"))) >= 1


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
