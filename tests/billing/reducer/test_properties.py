"""What holds for any facts: order and repetition do not matter, nothing is without its reason, more facts of good never take away."""

import ast
import sys
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

import billing.reducer
from billing.reducer import Access, DisputeFacts, GrantFacts, ItemFacts, SubscriptionFacts, reduce
from billing.reducer.facts import STATUSES
from tests.billing.reducer.made import CATALOGUE, DEPENDS, EVERYTHING, account, day

few = settings(max_examples=50)
moments = st.integers(0, 150 * 24).map(lambda hours: day(0, hours=hours))
products = st.sampled_from([*CATALOGUE.products, "plan.of_old"])


@st.composite
def items(draw):
    start = draw(moments)
    return ItemFacts(draw(st.sampled_from("abcd")), draw(products), draw(st.integers(0, 3)), start, start + timedelta(days=30))


@st.composite
def subscriptions(draw, number: int):
    return SubscriptionFacts(
        id=f"sub_{number}",
        status=draw(st.sampled_from(sorted(STATUSES))),
        created=draw(moments),
        items=tuple(draw(st.lists(items(), min_size=1, max_size=3, unique_by=lambda each: each.id))),
        trial_end=draw(st.none() | moments),
        cancel_at=draw(st.none() | moments),
        ended_at=draw(moments),
        is_paused=draw(st.booleans()),
        resumes_at=draw(st.none() | moments),
        unpaid_since=draw(st.none() | moments),
    )


grants = st.builds(GrantFacts, st.sampled_from([*DEPENDS, "gone"]), st.none() | moments, st.sampled_from(["pilot", "friend"]))


@st.composite
def accounts(draw):
    bought = tuple(draw(subscriptions(number)) for number in range(draw(st.integers(0, 3))))
    return account(
        *bought,
        asked_at=draw(moments),
        trial_until=draw(st.none() | moments),
        grants=tuple(draw(st.lists(grants, max_size=3))),
        disputes=tuple(draw(st.lists(st.builds(DisputeFacts, st.sampled_from("ab"), st.booleans()), max_size=2))),
    )


@few
@given(accounts(), moments, st.randoms(use_true_random=False), st.integers(1, 4))
def test_neither_order_nor_repetition_of_facts_matters(known, now, random, times):
    def disturbed(facts):
        many = list(facts) * times
        random.shuffle(many)
        return tuple(many)

    told = [replace(each, items=disturbed(each.items)) for each in known.subscriptions]
    again = replace(
        known,
        subscriptions=disturbed(told),
        grants=disturbed(known.grants),
        disputes=disturbed(known.disputes),
    )
    assert reduce(again, CATALOGUE, now) == reduce(known, CATALOGUE, now)


@few
@given(accounts(), moments)
def test_every_module_has_reasons_and_they_agree_with_the_verdict(known, now):
    found = reduce(known, CATALOGUE, now)
    sources = {"trial", *(each.id for each in known.subscriptions)}
    for label in DEPENDS:
        reasons = found.explain(label)
        assert reasons
        assert {reason.is_given for reason in reasons} == {label in found.modules}
        for reason in reasons:
            if reason.cause in ("needed", "needs"):
                assert reason.source in DEPENDS
                assert (reason.source in found.modules) == reason.is_given
            elif reason.cause in ("granted", "grant_over"):
                assert reason.source in {grant.reason for grant in known.grants}
            elif reason.cause not in ("always_on", "free", "not_bought"):
                assert reason.source in sources
    assert {reason.module for reason in found.trace} == {"", *DEPENDS}


@few
@given(accounts(), moments)
def test_what_is_given_is_closed_and_installed(known, now):
    found = reduce(known, CATALOGUE, now)
    assert found.modules <= EVERYTHING
    assert all(found.modules.issuperset(DEPENDS[label]) for label in found.modules)
    assert "base" in found.modules


@few
@given(accounts(), moments)
def test_nothing_changes_before_the_moment_it_names(known, now):
    found = reduce(replace(known, asked_at=now), CATALOGUE, now)
    later = found.recheck_at - timedelta(microseconds=1) if found.recheck_at else day(10_000)
    then = reduce(replace(known, asked_at=later), CATALOGUE, later)
    assert replace(then, recheck_at=None) == replace(found, recheck_at=None)


@few
@given(accounts(), subscriptions(9), moments)
def test_one_subscription_more_never_makes_it_worse(known, more, now):
    """Unless it ends the trial, which the first one does."""
    if not any(each.has_started for each in known.subscriptions):
        return
    order = list(Access)
    richer = replace(known, subscriptions=(*known.subscriptions, more))
    assert order.index(reduce(richer, CATALOGUE, now).access) <= order.index(reduce(known, CATALOGUE, now).access)


@few
@given(accounts(), moments)
def test_who_pays_has_full_access_whatever_else_is_told(known, now):
    paying = SubscriptionFacts("sub_paid", "active", day(0), (ItemFacts("si", "plan.starter", 1, day(0), day(1)),))
    found = reduce(replace(known, subscriptions=(*known.subscriptions, paying)), CATALOGUE, now)
    assert found.access is Access.FULL
    assert found.modules >= {"crm", "sales", "orders", "base"}


def test_it_imports_nothing_but_pythons_own_and_itself():
    imported = set()
    for file in Path(billing.reducer.__file__).parent.glob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Import):
                imported.update(alias.name for alias in node.names)
            elif isinstance(node, ast.ImportFrom):
                imported.add(node.module)
    foreign = {name for name in imported if name.partition(".")[0] not in sys.stdlib_module_names}
    assert {name for name in foreign if not name.startswith("billing.reducer")} == set()
    assert imported - foreign <= {"collections.abc", "dataclasses", "datetime", "enum"}
