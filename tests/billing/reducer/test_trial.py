"""Without any subscription the account is in its trial, and then it is not."""

from datetime import timedelta

import pytest

from billing.reducer import Access, Cause, GrantFacts, Notice, Quota, Reason, reduce
from tests.billing.reducer.made import CATALOGUE, EVERYTHING, GIB, MADE, account, day, subscription

MOMENT = timedelta(microseconds=1)


@pytest.mark.parametrize(
    ("now", "access", "notice", "recheck"),
    [
        (MADE, Access.FULL, None, day(11)),
        (day(11) - MOMENT, Access.FULL, None, day(11)),
        (day(11), Access.FULL, Notice.TRIAL_ENDS, day(14)),
        (day(14) - MOMENT, Access.FULL, Notice.TRIAL_ENDS, day(14)),
        (day(14), Access.READ_ONLY, Notice.TRIAL_OVER, day(28)),
        (day(28) - MOMENT, Access.READ_ONLY, Notice.TRIAL_OVER, day(28)),
        (day(28), Access.SUSPENDED, Notice.TRIAL_OVER, day(58)),
        (day(58) - MOMENT, Access.SUSPENDED, Notice.TRIAL_OVER, day(58)),
        (day(58), Access.ARCHIVED, Notice.TRIAL_OVER, None),
    ],
)
def test_a_trial_goes_through_its_days_exactly(now, access, notice, recheck):
    found = reduce(account(), CATALOGUE, now)
    assert (found.access, found.notice, found.recheck_at) == (access, notice, recheck)
    assert found.modules == EVERYTHING
    assert (found.seats, found.quotas) == (25, {"storage": Quota(GIB, False)})
    assert found.bought == frozenset()


def test_it_says_that_the_trial_gives_every_module():
    found = reduce(account(), CATALOGUE, MADE)
    assert found.trace[0] == Reason("", True, Cause.TRIAL, "trial")
    assert found.explain("stock") == (Reason("stock", True, Cause.TRIAL, "trial"), Reason("stock", True, Cause.NEEDED, "extra"))
    assert reduce(account(), CATALOGUE, day(14)).trace[0] == Reason("", True, Cause.TRIAL_OVER, "trial")
    assert found.explain("nothing") == ()


def test_an_extended_trial_ends_later_never_earlier():
    longer = account(trial_until=day(20))
    assert reduce(longer, CATALOGUE, day(20) - MOMENT).access is Access.FULL
    assert reduce(longer, CATALOGUE, day(20)).access is Access.READ_ONLY
    assert reduce(account(trial_until=day(5)), CATALOGUE, day(14) - MOMENT).access is Access.FULL


def test_a_subscription_that_began_ends_the_trial():
    found = reduce(account(subscription("plan.starter")), CATALOGUE, day(1))
    assert found.modules == {"base", "orders", "sales", "crm", "gift"}
    assert [reason.source for reason in found.trace if not reason.module] == ["sub_1"]


@pytest.mark.parametrize("status", ["incomplete", "incomplete_expired"])
def test_a_subscription_that_never_began_does_not(status):
    found = reduce(account(subscription(status=status)), CATALOGUE, day(1))
    assert (found.access, found.modules) == (Access.FULL, EVERYTHING)
    assert found.trace[:2] == (Reason("", True, Cause.TRIAL, "trial"), Reason("", False, Cause.INCOMPLETE, "sub_1"))


def test_an_extension_holds_beside_a_subscription_while_it_lasts():
    facts = {"trial_until": day(20)}
    ended = subscription("plan.starter", status="canceled", ended_at=day(2))
    found = reduce(account(ended, **facts), CATALOGUE, day(20) - MOMENT)
    assert (found.access, found.modules, found.recheck_at) == (Access.FULL, EVERYTHING, day(20))
    found = reduce(account(ended, **facts), CATALOGUE, day(20))
    assert (found.access, "stock" in found.modules) == (Access.SUSPENDED, False)


def test_an_operator_gives_a_module_until_a_moment():
    paid = subscription("plan.starter")
    granted = account(paid, grants=(GrantFacts("extra", day(9), "pilot"),))
    found = reduce(granted, CATALOGUE, day(9) - MOMENT)
    assert found.explain("extra") == (Reason("extra", True, Cause.GRANTED, "pilot"),)
    assert found.explain("stock") == (Reason("stock", True, Cause.NEEDED, "extra"),)
    assert (found.recheck_at, "extra" in found.bought) == (day(9), False)
    found = reduce(granted, CATALOGUE, day(9))
    assert found.explain("extra") == (
        Reason("extra", False, Cause.GRANT_OVER, "pilot"),
        Reason("extra", False, Cause.NEEDS, "stock"),
    )
    assert found.explain("stock") == (Reason("stock", False, Cause.GRANT_OVER, "pilot"),)
    assert found.modules.isdisjoint({"extra", "stock"})


def test_a_module_may_be_given_for_good_and_one_that_is_not_installed_gives_nothing():
    found = reduce(
        account(subscription("plan.starter"), grants=(GrantFacts("stock", None, "friend"), GrantFacts("gone", None, "old"))),
        CATALOGUE,
        day(5_000),
    )
    assert found.explain("stock") == (Reason("stock", True, Cause.GRANTED, "friend"),)
    assert "gone" not in found.modules


def test_an_extension_that_is_shorter_than_the_trial_ends_when_it_says_once_something_was_bought():
    extended = account(subscription("plan.starter"), trial_until=day(5))
    found = reduce(extended, CATALOGUE, day(5) - MOMENT)
    assert (found.modules, found.recheck_at) == (EVERYTHING, day(5))
    assert "stock" not in reduce(extended, CATALOGUE, day(5)).modules
