"""What requests cost over HTTP, and what becomes of those that are beyond it."""

import pytest
from tessera.context import EVERYTHING, Actor
from tessera.fields import new_id

from frontend_api.tests.test_http import GRAPHQL, LIST, codes


@pytest.fixture
def small_budgets(settings):
    """Give people so few points that a test can use them up, and the company plenty."""
    settings.TESSERA_BUDGETS = {"tenant": (1_000, 1_000), "person": (20, 1), "token": (20, 1), "stranger": (20, 1)}


def test_the_answer_says_what_it_cost(small_budgets, post):
    cost = post().json()["extensions"]["cost"]
    assert (cost["requested"], cost["actual"]) == (2, 2)
    assert cost["throttleStatus"] == {"currentlyAvailable": 18, "maximumAvailable": 20, "restoreRate": 1}


def test_who_asks_for_too_much_is_told_when_to_come_back(small_budgets, post, actor):
    answers = [post() for _ in range(11)]
    assert [each.status_code for each in answers] == [200] * 10 + [429]
    error = answers[-1].json()["errors"][0]["extensions"]
    assert (error["code"], answers[-1]["Retry-After"]) == ("RATE_LIMITED", str(error["retryAfter"]))
    actor(Actor(kind="member", member_id=new_id(), name="ada", grants={"base.company_view": EVERYTHING}))
    assert post().status_code == 200  # ada has points of her own


def test_a_large_body_uses_points_up_unless_it_is_run(post, settings):
    settings.TESSERA_BUDGETS = dict.fromkeys(("tenant", "person", "token", "stranger"), (1_000, 0.001))
    text = "query($n: Int) { companies(first: $n) { totalCount } }"
    right, wrong = ({"query": text, "variables": {"n": n, "more": "x" * 30_000}} for n in (1, "many"))
    for _ in range(5):
        assert post(right).json()["data"] == {"companies": {"totalCount": 0}}
    told = [post(wrong, accept=GRAPHQL) for _ in range(5)]
    assert [codes(each) for each in told] == [["BAD_INPUT"]] * 3 + [["RATE_LIMITED"]] * 2
    assert told[-1].status_code == 429


def test_a_large_body_is_read_where_points_are_few(post, settings):
    settings.TESSERA_BUDGETS = dict.fromkeys(("tenant", "person", "token", "stranger"), (100, 1))
    large = {"query": LIST, "variables": {"more": "x" * 500_000}}
    assert post(large).json()["data"] == {"companies": {"totalCount": 0}}
