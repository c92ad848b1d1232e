"""A new tenant claims a schema that is there already; an empty pool costs time, never a failure."""

from datetime import timedelta

import pytest
from django.db import connections
from django.utils import timezone
from tessera.context import TenantRef, enter, system
from tessera.db import scripts
from tessera.db.scripts import fingerprint_of_set
from tessera.fields import new_id
from tessera.module import closure, modules

from tenants import pool
from tenants.installations import mirror
from tenants.models import Installation, ReadySchema, Tenant
from tenants.pool import claim, module_sets, refill
from tenants.provisioning import create_tenant

State = ReadySchema.State


@pytest.fixture(autouse=True)
def small(request, monkeypatch):
    """Hold a pool of the base and one small bundle: the real ones cost a hundred tables each."""
    if "of_all_bundles" not in request.node.name:
        labels = [["pack"]] if "planted" in request.fixturenames else []
        monkeypatch.setattr(pool, "module_sets", lambda: [closure(()), *(closure(each) for each in labels)])


def ready(*labels) -> list[str]:
    """Return the names of the ready schemas with the closure of `labels`, oldest first."""
    rows = ReadySchema.objects.filter(fingerprint=fingerprint_of_set(closure(labels)), state=State.READY).order_by("since")
    return list(rows.values_list("schema_name", flat=True))


def schemas() -> set[str]:
    nowhere = TenantRef(new_id(), "t_nowhere")
    with enter(nowhere, actor=system("test"), modules=frozenset()), connections["default"].cursor() as cursor:
        cursor.execute("SELECT nspname FROM pg_namespace")
        return {name for (name,) in cursor.fetchall()}


def test_the_pool_is_of_the_base_each_bundle_and_of_all_bundles(_database, planted):
    bundles = [label for label, module in modules().items() if module.is_bundle]
    assert "pack" in bundles
    assert set(module_sets()) == {closure(()), *(closure([label]) for label in bundles), closure(bundles)}


def test_refilling_makes_what_is_missing_and_then_nothing(_database, planted):
    sets = len(pool.module_sets())
    assert refill(2) == 2 * sets
    assert refill(2) == 0
    assert {len(ready()), len(ready("pack"))} == {2}
    assert set(ready("pack")) <= schemas()


def test_a_tenant_takes_the_oldest_schema_of_its_set_and_its_row_goes(_database, planted, monkeypatch):
    refill(2)
    oldest, younger = ready("pack")
    monkeypatch.setattr("tessera.db.installer._send", lambda batch: pytest.fail(f"made tables: {batch}") if batch else None)
    tenant = create_tenant(company="Acme", slug="acme", modules=["pack"])
    assert tenant.schema_name == oldest
    assert ready("pack") == [younger]
    assert set(mirror.truth(tenant)) == closure(["pack"])
    assert tenant.state == Tenant.State.ACTIVE


def test_another_set_takes_the_largest_subset_and_adds_the_rest(_database, planted):
    refill(1)
    (expected,) = ready("pack")
    tenant = create_tenant(company="Acme", slug="acme", modules=["pack", "gamma"])
    assert tenant.schema_name == expected
    assert set(mirror.truth(tenant)) == closure(["pack", "gamma"])


def test_a_smaller_set_never_takes_a_larger_schema(_database, planted):
    refill(1)
    base = ready()
    assert create_tenant(company="Acme", slug="acme", modules=["alpha"]).schema_name == base[0]
    assert create_tenant(company="Bolt", slug="bolt", modules=["alpha"]).schema_name not in {*base, *ready("pack")}


def test_an_empty_pool_falls_back_to_the_batch(_database, planted):
    tenant = create_tenant(company="Acme", slug="acme", modules=["pack"])
    assert tenant.schema_name in schemas()
    assert {row.state for row in Installation.objects.filter(tenant=tenant)} == {"on"}


def test_names_are_opaque(_database, planted):
    tenant = create_tenant(company="Acme", slug="acme")
    assert len(tenant.schema_name) == 34 and tenant.schema_name.startswith("t_")
    assert "acme" not in tenant.schema_name


def test_an_outdated_schema_is_never_claimed_and_dropped_at_the_next_refill(_database, planted, monkeypatch):
    refill(1)
    (old,) = ready("pack")
    monkeypatch.setattr(type(modules()["beta"]), "version", "1.1")
    scripts.fingerprint_of.cache_clear()
    assert claim(closure(["pack"])) != old
    refill(1)
    assert old not in schemas()
    assert not ReadySchema.objects.filter(schema_name=old).exists()


def test_a_builder_that_died_is_replaced(_database, planted, monkeypatch):
    real = pool.make_schema

    def die(*args):
        real(*args)
        raise KeyboardInterrupt

    with monkeypatch.context() as dying:
        dying.setattr(pool, "make_schema", die)
        with pytest.raises(KeyboardInterrupt):
            refill(1)
    sets = len(pool.module_sets())
    assert (len(ready()), ReadySchema.objects.filter(state=State.PREPARING).count()) == (0, sets)
    assert refill(1) == 0
    ReadySchema.objects.update(since=timezone.now() - timedelta(hours=1))
    assert refill(1) == sets
    assert ReadySchema.objects.filter(state=State.READY).count() == sets


@pytest.mark.committed
def test_two_claims_at_once_get_two_schemas(_database):
    from django.db import transaction

    refill(2)
    first, second = ready()
    other = connections.create_connection("shared")
    try:
        with transaction.atomic(using="shared"):
            assert claim(closure(())) == first
            with other.cursor() as cursor:
                cursor.execute("SELECT schema_name FROM tenants_readyschema ORDER BY since FOR UPDATE SKIP LOCKED LIMIT 1")
                assert cursor.fetchone() == (second,)
            transaction.set_rollback(True, using="shared")
        assert ready() == [first, second]
    finally:
        other.close()
        other.close_pool()


def test_a_ready_schema_has_no_rows(_database, planted):
    refill(1)
    with (
        enter(TenantRef(new_id(), ready("pack")[0]), actor=system("test"), modules=frozenset()),
        connections["default"].cursor() as cursor,
    ):
        cursor.execute("SELECT (SELECT count(*) FROM installation_installedmodule), (SELECT count(*) FROM audit_auditentry)")
        assert cursor.fetchone() == (0, 0)
