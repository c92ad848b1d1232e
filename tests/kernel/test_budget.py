"""Buckets of points: charged together or not at all, refilled with time, in Valkey or without it."""

from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

import pytest
import redis
from tessera import budget as budgets
from tessera.budget import Bucket, Budget, Local, budget_of
from tessera.errors import ApiError, Code


def bucket(capacity, rate=1, key=None):
    return Bucket(f"test:{key or uuid4().hex}", capacity, rate)


def test_all_buckets_are_charged_or_none():
    large, small = bucket(1_000), bucket(100)
    Budget([large, small]).take(60)
    with pytest.raises(ApiError) as refused:
        Budget([large, small]).take(60)
    assert refused.value.code == Code.RATE_LIMITED
    assert refused.value.extensions["retryAfter"] in (19, 20)
    assert Budget([large]).take(940).currently_available in (0, 1)


def test_the_tightest_bucket_is_told():
    large, small = bucket(1_000, 7), bucket(100, 3)
    status = Budget([large, small]).take(60)
    assert (status.currently_available, status.maximum_available, status.restore_rate) == (40, 100, 3)


def test_a_bucket_refills_but_never_beyond_its_capacity():
    mine = bucket(100, rate=1_000_000)
    Budget([mine]).take(100)
    assert Budget([mine]).settle(5, 0).currently_available == 100


def test_use_beyond_the_estimate_empties_the_bucket_and_no_more():
    mine = bucket(100, rate=1)
    Budget([mine]).take(50)
    assert Budget([mine]).settle(50, 500).currently_available == 0


def test_concurrent_requests_never_share_a_point():
    mine = bucket(100, rate=1)

    def ask(_number):
        try:
            Budget([mine]).take(10)
        except ApiError:
            return 0
        return 1

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(ask, range(64))) == 10


def test_without_valkey_this_process_counts(monkeypatch):
    def dead(*_rest):
        raise redis.ConnectionError

    monkeypatch.setattr(budgets, "_charge_shared", dead)
    monkeypatch.setattr(budgets, "_silent_until", 0.0)
    mine = bucket(100)
    Budget([mine]).take(60)
    with pytest.raises(ApiError):
        Budget([mine]).take(60)
    assert Budget([mine]).settle(60, 10).currently_available in (90, 91)


def test_a_process_forgets_the_buckets_used_longest_ago():
    kept = Local(most=2)
    one, two, three = bucket(10), bucket(10), bucket(10)
    for each in (one, two, three):
        kept.charge([each], 10, refuse=True)
    assert kept.charge([one], 10, refuse=True)[0] is False  # it was forgotten, so it is full again
    assert kept.charge([three], 10, refuse=True)[0] is True


def test_an_app_has_a_bucket_for_all_its_devices_in_a_company():
    one, two = (budget_of(tenant="a", person=who, token=who, app="pocket").buckets for who in ("ada", "bob"))
    assert {each.key for each in one} & {each.key for each in two} == {"t_a:budget:tenant", "t_a:budget:app:pocket"}


def test_tenants_people_and_strangers_have_buckets_of_their_own():
    member = {each.key for each in budget_of(tenant="a", person="ada", token="phone").buckets}
    assert member == {"t_a:budget:tenant", "t_a:budget:person:ada", "t_a:budget:token:phone"}
    stranger = {each.key for each in budget_of(tenant="a", person="10.0.0.1", stranger=True).buckets}
    assert not member & stranger
    assert not member & {each.key for each in budget_of(tenant="b", person="ada", token="phone").buckets}
