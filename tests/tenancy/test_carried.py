"""What is kept, signed or locked in one tenant is nothing in another."""

from datetime import timedelta

import pytest
import redis
from django.db import connections
from tessera import tenant_cache
from tessera.context import NoContext, enter, system
from tessera.locks import lock, lock_key, try_lock
from tessera.signing import BadToken, sign, sign_public, unsign, unsign_public
from tessera.unit_of_work import WriteOutsideUnit, unit_of_work

DAY = timedelta(days=1)


def inside(tenant):
    return enter(tenant.ref(), actor=system("test"), modules=frozenset())


def test_a_cached_value_is_the_tenants_own(tenant, other_tenant):
    with inside(tenant):
        tenant_cache.keep("greeting", {"text": "hello"}, seconds=60)
    with inside(other_tenant):
        assert tenant_cache.fetch("greeting") is None
        tenant_cache.forget("greeting")
    with inside(tenant):
        assert tenant_cache.fetch("greeting") == {"text": "hello"}
        tenant_cache.forget("greeting")
        assert tenant_cache.fetch("greeting") is None


def test_every_key_begins_with_its_tenant(tenant):
    with inside(tenant):
        assert tenant_cache.key_of("x") == f"t_{tenant.id.hex}:x"


def test_without_valkey_the_cache_is_empty_and_forgetting_is_loud(tenant, monkeypatch):
    def gone():
        raise redis.ConnectionError

    monkeypatch.setattr(tenant_cache, "client", gone)
    with inside(tenant):
        tenant_cache.keep("x", 1, seconds=1)
        assert tenant_cache.fetch("x") is None
        with pytest.raises(redis.ConnectionError):
            tenant_cache.forget("x")


def test_a_token_is_good_in_its_tenant_for_its_purpose(tenant, other_tenant):
    with inside(tenant):
        token = sign("file", "1")
        assert unsign("file", token, DAY) == "1"
        for purpose, value in (("export", token), ("file", token + "x"), ("file", sign_public("file", "1"))):
            with pytest.raises(BadToken):
                unsign(purpose, value, DAY)
        with pytest.raises(BadToken):
            unsign("file", token, timedelta(seconds=-1))
    with inside(other_tenant), pytest.raises(BadToken):
        unsign("file", token, DAY)
    with pytest.raises(BadToken):
        unsign_public("file", token, DAY)


def test_equal_names_of_two_tenants_are_two_locks(tenant, other_tenant):
    assert lock_key(tenant.id, "invoice") != lock_key(other_tenant.id, "invoice")
    assert lock_key(tenant.id, "a", "b") != lock_key(tenant.id, "ab")
    assert -(2**63) <= lock_key(tenant.id, "x") < 2**63


@pytest.mark.committed
def test_a_lock_keeps_its_own_tenant_out_and_no_other(tenant, other_tenant):
    other = connections["default"].copy()
    try:
        with inside(tenant), unit_of_work():
            lock("installations")
            assert try_lock("installations")
            other.set_tenant(tenant.ref(), include_public=False)
            with other.cursor() as cursor:
                cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [lock_key(tenant.id, "installations")])
                assert cursor.fetchone() == (False,)
                cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [lock_key(other_tenant.id, "installations")])
                assert cursor.fetchone() == (True,)
    finally:
        other.close()


@pytest.mark.parametrize("use", [lambda: tenant_cache.fetch("x"), lambda: sign("x", 1)])
def test_outside_a_tenant_nothing_is_carried(_database, use):
    with pytest.raises(NoContext):
        use()


@pytest.mark.committed
def test_a_lock_needs_a_transaction(tenant):
    with inside(tenant), pytest.raises(WriteOutsideUnit):
        lock("x")
