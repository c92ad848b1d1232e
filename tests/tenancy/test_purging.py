"""A module is purged when a person types its name: exported first, then gone."""

import hashlib
import json
from zipfile import ZipFile

import pytest
from django.db import connections
from tessera.errors import Refused
from tessera.module import modules

from tenants.installations import disable_module, enable_modules, purge_module
from tests.tenancy.tenants_seen import inside, own_states, states, tables


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
