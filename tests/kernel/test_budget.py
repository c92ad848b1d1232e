"""Buckets of points: charged together or not at all, refilled with time, in Valkey or without it."""

import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext, suppress
from dataclasses import replace
from unittest.mock import patch
from uuid import uuid4

import pytest
import redis
from hypothesis import given
from hypothesis import strategies as st
from tessera import budget as budgets
from tessera.budget import Bucket, Budget, Local, budget_of
from tessera.context import TenantRef
from tessera.errors import ApiError, Code
from tessera.fields import new_id

A, B = (TenantRef(new_id(), f"t_{slug}") for slug in "ab")


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


@pytest.fixture
def calls(monkeypatch):
    """Note the charges that Valkey is told."""
    calls, charge = [], budgets._charge_shared
    monkeypatch.setattr(budgets, "_charge_shared", lambda *given: calls.append(given) or charge(*given))
    return calls


@pytest.fixture
def slow(monkeypatch):
    """Let what Valkey told be old at once, as if no request followed another closely."""
    monkeypatch.setattr(budgets, "FRESH", -1.0)


def test_a_little_that_comes_back_is_told_with_the_next_charge(calls, slow):
    mine = bucket(1_000, rate=0.001)
    for left in (995, 990):
        budget = Budget([mine])
        budget.take(20)
        assert budget.settle(20, 5).currently_available == left
    assert len(calls) == 2
    assert Budget([mine]).take(990).currently_available == 0  # all of it came back
    assert len(calls) == 3


def test_requests_that_follow_one_another_at_once_are_charged_together(calls, monkeypatch):
    monkeypatch.setattr(budgets, "FRESH", 60.0)
    mine = bucket(1_000, rate=0.001)
    assert [Budget([mine]).take(10).currently_available for _ in range(3)] == [990, 980, 970]
    assert len(calls) == 1
    assert Budget([mine]).take(1).currently_available == 969  # more than a fiftieth would be untold
    assert len(calls) == 2
    assert Budget([mine]).settle(0, 0).currently_available == 969


def test_a_bucket_that_is_half_empty_is_asked_for_each_time(calls, monkeypatch):
    monkeypatch.setattr(budgets, "FRESH", 60.0)
    full, low = bucket(1_000, rate=0.001), bucket(1_000, rate=0.001)
    Budget([low]).take(495)
    for _ in range(2):
        Budget([full, low]).take(10)
    assert len(calls) == 3


def test_what_valkey_told_is_good_for_a_hundredth_of_a_second(calls):
    mine = bucket(1_000, rate=0.001)
    Budget([mine]).take(1)
    time.sleep(2 * budgets.FRESH)
    assert Budget([mine]).take(1).currently_available == 998
    assert len(calls) == 2


def test_who_is_sure_to_be_refused_again_is_refused_unasked(calls):
    mine = bucket(1_000, rate=0.001)
    budget = Budget([bucket(5_000), mine])
    budget.take(950)
    for points, asked in ((60, 1), (51, 1), (50, 2), (1, 2)):
        with pytest.raises(ApiError, match="short time") if (points, asked) != (50, 2) else nullcontext():
            Budget([bucket(5_000), mine]).take(points)
        assert len(calls) == asked


@pytest.mark.parametrize("how", ["it refilled", "some came back here", "a second passed"])
def test_who_may_be_granted_what_was_refused_before_is_asked_for(calls, monkeypatch, how):
    mine = bucket(1_000, rate=1_000 if how == "it refilled" else 0.001)
    budget = Budget([mine])
    budget.take(990)
    with pytest.raises(ApiError):
        Budget([mine]).take(30)
    if how == "it refilled":
        time.sleep(0.05)
    elif how == "some came back here":
        budget.settle(20, 0)
    else:
        monkeypatch.setattr(budgets, "REFUSED", 0.0)
    asked = len(calls)
    with pytest.raises(ApiError) if how == "a second passed" else nullcontext():
        Budget([mine]).take(30)
    assert len(calls) == asked + 1


@given(asked=st.lists(st.tuples(st.integers(0, 2), st.integers(1, 60)), max_size=60))
def test_processes_together_grant_no_more_than_a_bucket_and_a_little_of_each(asked):
    """Each process charges without Valkey what it may; the sum stays within what the bucket held."""
    mine = bucket(1_000, rate=0.001)
    with patch.object(budgets, "FRESH", 60.0):
        granted = 0
        processes = [budgets.Untold() for _ in range(3)]
        for which, points in asked:
            with patch.object(budgets, "_untold", processes[which]), suppress(ApiError):
                Budget([mine]).take(points)
                granted += points
        assert granted <= 1_000 + 3 * budgets.LITTLE * 1_000


def test_much_that_comes_back_is_told_at_once(calls):
    mine = bucket(1_000, rate=0.001)
    budget = Budget([mine])
    budget.take(1_000)
    assert budget.settle(1_000, 5).currently_available == 995
    assert len(calls) == 2


def test_what_waits_for_buckets_that_are_not_charged_again_is_let_go():
    waiting, (one, two, three) = budgets.Untold(most=2), [bucket(10) for _ in range(3)]
    for each in (one, two, three):
        waiting.add([each], 3)
    assert waiting.pop([one, two, three]) == [0, 3, 3]
    assert waiting.pop([one, two, three]) == [0, 0, 0]


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
    one, two = (budget_of(tenant=A, person=who, token=who, app="pocket").buckets for who in ("ada", "bob"))
    assert {each.key for each in one} & {each.key for each in two} == {
        f"t_{A.id.hex}:budget:tenant",
        f"t_{A.id.hex}:budget:app:pocket",
    }


def test_tenants_people_and_strangers_have_buckets_of_their_own():
    member = {each.key for each in budget_of(tenant=A, person="ada", token="phone").buckets}
    assert member == {f"t_{A.id.hex}:budget:tenant", f"t_{A.id.hex}:budget:person:ada", f"t_{A.id.hex}:budget:token:phone"}
    stranger = {each.key for each in budget_of(tenant=A, person="10.0.0.1", stranger=True).buckets}
    assert not member & stranger
    assert not member & {each.key for each in budget_of(tenant=B, person="ada", token="phone").buckets}


def test_a_tier_multiplies_every_bucket_of_its_tenants(settings):
    settings.TESSERA_BUDGETS = {"tenant": (100, 10), "person": (50, 5), "token": (20, 2), "app": (60, 6), "stranger": (10, 1)}
    settings.TESSERA_BUDGET_TIERS = {"": 1.0, "large": 2.5}
    asked = {"person": "ada", "token": "phone", "app": "pocket"}
    usual = [(each.capacity, each.rate) for each in budget_of(tenant=A, **asked).buckets]
    assert usual == [(100, 10), (50, 5), (20, 2), (60, 6)]
    large = replace(A, tier="large")
    assert [(each.capacity, each.rate) for each in budget_of(tenant=large, **asked).buckets] == [
        (250, 25),
        (125, 12.5),
        (50, 5),
        (150, 15),
    ]
    assert [each.capacity for each in budget_of(tenant=large, person="10.0.0.1", stranger=True).buckets] == [25, 125]


def test_a_tenant_of_a_tier_that_is_gone_has_the_usual_budget_and_the_log_says_so(settings, caplog):
    settings.TESSERA_BUDGET_TIERS = {"": 1.0}
    assert budget_of(tenant=replace(A, tier="gone"), person="ada").buckets == budget_of(tenant=A, person="ada").buckets
    assert "is of the tier 'gone', which there is none of" in caplog.text
