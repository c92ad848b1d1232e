"""What each state of a subscription means, to the day, and what several make together."""

from datetime import timedelta

import pytest

from billing.reducer import (
    Access,
    AccountFacts,
    Catalogue,
    Cause,
    DisputeFacts,
    Gives,
    GrantFacts,
    Notice,
    Quota,
    Reason,
    SubscriptionFacts,
    UnreadableFacts,
    reduce,
)
from tests.billing.reducer.made import CATALOGUE, GIB, MADE, SHANGHAI, account, day, item, local, subscription

MOMENT = timedelta(microseconds=1)
STARTER = frozenset({"base", "orders", "sales", "crm", "gift"})


def outcome(now, *subscriptions, **facts):
    found = reduce(account(*subscriptions, **facts), CATALOGUE, now)
    return found.access, found.notice, found.recheck_at


@pytest.mark.parametrize("status", ["active", "trialing"])
def test_who_pays_or_tries_has_what_the_plan_gives(status):
    found = reduce(account(subscription("plan.starter", status=status)), CATALOGUE, day(3))
    assert (found.access, found.notice) == (Access.FULL, None)
    assert (found.modules, found.bought) == (STARTER, {"crm"})
    assert (found.seats, found.quotas) == (5, {"runs": Quota(100, False), "storage": Quota(10 * GIB, False)})
    assert list(found.quotas) == ["runs", "storage"]
    assert found.recheck_at == day(33)


def test_each_module_says_why_it_is_there_or_not():
    found = reduce(account(subscription("plan.starter")), CATALOGUE, day(3))
    assert found.trace == (
        Reason("", True, Cause.ACTIVE, "sub_1"),
        Reason("base", True, Cause.ALWAYS_ON),
        Reason("base", True, Cause.NEEDED, "sales"),
        Reason("base", True, Cause.NEEDED, "orders"),
        Reason("orders", True, Cause.NEEDED, "crm"),
        Reason("orders", True, Cause.NEEDED, "sales"),
        Reason("stock", False, Cause.NOT_BOUGHT),
        Reason("sales", True, Cause.NEEDED, "crm"),
        Reason("crm", True, Cause.ACTIVE, "sub_1", "plan.starter"),
        Reason("gift", True, Cause.FREE),
        Reason("extra", False, Cause.NEEDS, "stock"),
    )


@pytest.mark.parametrize("status", ["past_due", "unpaid"])
@pytest.mark.parametrize(
    ("now", "access", "notice", "recheck"),
    [
        (local(2026, 3, 10) - MOMENT, Access.FULL, None, local(2026, 3, 10)),
        (local(2026, 3, 10), Access.FULL, Notice.PAYMENT_FAILED, local(2026, 3, 16)),
        (local(2026, 3, 16) - MOMENT, Access.FULL, Notice.PAYMENT_FAILED, local(2026, 3, 16)),
        (local(2026, 3, 16), Access.READ_ONLY, Notice.PAYMENT_FAILED, local(2026, 3, 30)),
        (local(2026, 3, 30) - MOMENT, Access.READ_ONLY, Notice.PAYMENT_FAILED, local(2026, 3, 30)),
        (local(2026, 3, 30), Access.SUSPENDED, Notice.PAYMENT_FAILED, None),
    ],
)
def test_who_does_not_pay_is_told_then_reads_only_then_stops_by_the_days_where_it_is(status, now, access, notice, recheck):
    late = local(2026, 3, 9) + timedelta(hours=20)
    failed = subscription(status=status, unpaid_since=late)
    assert outcome(now, failed) == (access, notice, recheck)
    found = reduce(account(failed), CATALOGUE, now)
    assert (found.modules, found.seats) == (STARTER, 5)
    assert found.trace[0] == Reason("", True, Cause.UNPAID, "sub_1")


def test_the_day_is_that_of_the_account_not_of_greenwich():
    late = local(2026, 3, 9) + timedelta(hours=1)  # still the 8th in Greenwich
    assert outcome(local(2026, 3, 15) + timedelta(hours=9), subscription(status="past_due", unpaid_since=late))[0] is Access.FULL


def test_without_a_failed_invoice_the_period_that_is_not_paid_counts_from_its_start():
    failed = subscription(item("module.stock", start=day(40)), item("plan.starter", start=day(30)), status="unpaid")
    assert outcome(day(38), failed)[0] is Access.READ_ONLY
    assert outcome(day(36), failed)[0] is Access.FULL


def test_a_payment_heals_at_once():
    assert outcome(day(100), subscription(status="past_due", unpaid_since=day(30)))[0] is Access.SUSPENDED
    assert outcome(day(100), subscription(status="active"))[:2] == (Access.FULL, None)


@pytest.mark.parametrize("facts", [{"status": "paused"}, {"is_paused": True}, {"is_paused": True, "status": "trialing"}])
def test_what_is_paused_can_be_read(facts):
    paused = subscription(resumes_at=day(9), **facts)
    assert outcome(day(3), paused) == (Access.READ_ONLY, Notice.PAUSED, day(9))
    assert reduce(account(paused), CATALOGUE, day(3)).trace[0] == Reason("", True, Cause.PAUSED, "sub_1")


def test_a_pause_is_no_way_around_a_payment():
    paused = subscription(status="past_due", is_paused=True, unpaid_since=local(2026, 3, 9))
    assert outcome(local(2026, 3, 12), paused) == (Access.READ_ONLY, Notice.PAUSED, local(2026, 3, 16))
    assert outcome(local(2026, 3, 16), paused) == (Access.READ_ONLY, Notice.PAYMENT_FAILED, local(2026, 3, 30))
    assert outcome(local(2026, 3, 30), paused) == (Access.SUSPENDED, Notice.PAYMENT_FAILED, None)


@pytest.mark.parametrize(
    ("now", "access", "recheck"),
    [
        (day(40), Access.READ_ONLY, day(54)),
        (day(54) - MOMENT, Access.READ_ONLY, day(54)),
        (day(54), Access.SUSPENDED, day(84)),
        (day(84), Access.ARCHIVED, None),
    ],
)
def test_what_ended_goes_like_a_trial_that_is_over(now, access, recheck):
    ended = subscription(status="canceled", ended_at=day(40))
    assert outcome(now, ended) == (access, Notice.ENDED, recheck)
    found = reduce(account(ended), CATALOGUE, now)
    assert (found.modules, found.bought, found.trace[0].cause) == (STARTER, {"crm"}, Cause.ENDED)


def test_an_end_is_no_way_around_a_payment():
    owing = subscription(status="canceled", ended_at=local(2026, 3, 20), unpaid_since=local(2026, 3, 9))
    assert outcome(local(2026, 3, 20), owing) == (Access.READ_ONLY, Notice.ENDED, local(2026, 3, 30))
    assert outcome(local(2026, 3, 30), owing) == (Access.SUSPENDED, Notice.ENDED, local(2026, 4, 3))
    assert outcome(local(2026, 3, 20) + timedelta(days=44), owing) == (Access.ARCHIVED, Notice.ENDED, None)
    early = subscription(status="canceled", ended_at=local(2026, 3, 10), unpaid_since=local(2026, 3, 9))
    assert outcome(local(2026, 3, 10), early)[0] is Access.READ_ONLY


def test_the_end_that_is_wished_is_told_and_stripe_is_asked_when_it_comes():
    assert outcome(day(3), subscription(cancel_at=day(20))) == (Access.FULL, Notice.CANCELS, day(20))
    assert outcome(day(21), subscription(cancel_at=day(20))) == (Access.FULL, Notice.CANCELS, day(33))


def test_the_end_of_stripes_trial_is_told_three_days_before():
    tries = {"status": "trialing", "trial_end": day(14)}
    assert outcome(day(11) - MOMENT, subscription(**tries)) == (Access.FULL, None, day(11))
    assert outcome(day(11), subscription(**tries)) == (Access.FULL, Notice.TRIAL_ENDS, day(14))
    assert outcome(day(1), subscription(**tries, cancel_at=day(14))) == (Access.FULL, Notice.CANCELS, day(11))
    assert outcome(day(12), subscription(status="active", trial_end=day(14))) == (Access.FULL, None, day(14))


def test_without_stripes_word_time_locks_nobody_out():
    failed = subscription(status="past_due", unpaid_since=local(2026, 3, 9))
    asked = local(2026, 3, 16) - MOMENT
    assert outcome(local(2026, 4, 30), failed, asked_at=asked) == (Access.FULL, Notice.PAYMENT_FAILED, local(2026, 3, 16))
    assert outcome(local(2026, 3, 16), failed, asked_at=local(2026, 4, 30))[0] is Access.READ_ONLY
    assert outcome(day(50), asked_at=day(10)) == (Access.FULL, None, day(11))


def test_two_subscriptions_add_up():
    found = reduce(
        account(
            subscription(item("plan.starter"), item("seat.starter", 3)),
            subscription(item("plan.business", 2), id="sub_2", created=day(1)),
        ),
        CATALOGUE,
        day(3),
    )
    assert found.modules == STARTER | {"stock", "extra"}
    assert found.bought == {"crm", "stock"}
    assert (found.seats, found.quotas["storage"], found.quotas["runs"]) == (48, Quota(110 * GIB, True), Quota(100, False))
    assert found.explain("crm") == (
        Reason("crm", True, Cause.ACTIVE, "sub_1", "plan.starter"),
        Reason("crm", True, Cause.ACTIVE, "sub_2", "plan.business"),
    )


def test_what_is_without_limit_stays_so_in_a_sum():
    found = reduce(account(subscription("plan.starter", "plan.endless", "seat.starter")), CATALOGUE, day(3))
    assert (found.seats, found.quotas["storage"]) == (None, Quota(None, False))


def test_the_best_subscription_decides_and_what_a_worse_one_gives_waits():
    found = reduce(
        account(subscription("plan.starter"), subscription("plan.business", id="sub_2", status="canceled", ended_at=day(2))),
        CATALOGUE,
        day(3),
    )
    assert (found.access, found.notice, found.seats) == (Access.FULL, None, 5)
    assert found.explain("stock") == (Reason("stock", False, Cause.ENDED, "sub_2", "plan.business"),)
    assert found.trace[1] == Reason("", False, Cause.ENDED, "sub_2")
    assert found.bought == {"crm"}


def test_a_worse_subscription_that_still_runs_is_told_of():
    late = subscription("module.stock", id="sub_2", status="past_due", unpaid_since=day(1))
    assert outcome(day(20), subscription(), late)[:2] == (Access.FULL, Notice.PAYMENT_FAILED)


def test_an_open_dispute_is_told_and_changes_nothing_else():
    paid = subscription()
    assert outcome(day(3), paid, disputes=(DisputeFacts("dp_1", True),)) == (Access.FULL, Notice.DISPUTED, day(33))
    assert outcome(day(3), paid, disputes=(DisputeFacts("dp_1", False),)) == (Access.FULL, None, day(33))


def test_a_product_that_nobody_knows_gives_nothing_and_is_named():
    found = reduce(account(subscription("plan.of_old", "module.stock")), CATALOGUE, day(3))
    assert found.trace[:2] == (
        Reason("", True, Cause.ACTIVE, "sub_1"),
        Reason("", False, Cause.UNKNOWN_PRODUCT, "sub_1", "plan.of_old"),
    )
    assert found.modules == {"base", "stock", "gift", "extra"}


@pytest.mark.parametrize(
    "facts",
    [
        {"status": "dreaming"},
        {"status": "canceled"},
        {"status": "past_due", "items": ()},
        {"status": "unpaid", "items": ()},
    ],
)
def test_facts_that_say_nothing_are_refused(facts):
    with pytest.raises(UnreadableFacts, match="sub_1"):
        SubscriptionFacts(**{"id": "sub_1", "created": MADE, "items": (item("plan.starter"),)} | facts)


def test_a_payment_that_failed_counts_though_no_line_is_told():
    failed = SubscriptionFacts("sub_1", "past_due", MADE, (), unpaid_since=local(2026, 3, 9))
    assert outcome(local(2026, 3, 16), failed)[:2] == (Access.READ_ONLY, Notice.PAYMENT_FAILED)


def test_an_account_in_two_versions_or_from_nowhere_is_refused():
    with pytest.raises(UnreadableFacts, match="asked"):
        AccountFacts(MADE, SHANGHAI, subscriptions=(subscription(),))
    with pytest.raises(UnreadableFacts, match="two versions"):
        account(subscription(), subscription(status="trialing"))


def test_of_several_notices_the_most_pressing_is_told():
    assert outcome(day(3), subscription(cancel_at=day(20)), disputes=(DisputeFacts("dp_1", True),))[1] is Notice.DISPUTED


def test_who_pays_may_have_nothing_in_the_subscription_and_need_have_come_by_no_checkout():
    bare = SubscriptionFacts("sub_1", "active", MADE, ())
    assert (bare.items, bare.checkout) == ((), "")
    assert outcome(day(3), bare) == (Access.FULL, None, None)


def test_what_is_sold_with_another_is_not_free_however_deep_it_lies():
    depends = {"base": (), "wick": ("base",), "lamp": ("wick",), "light": ("lamp",)}
    shop = Catalogue({"plan.light": Gives(frozenset({"light"})), "seat": Gives(frozenset(), 1)}, Gives(frozenset()), depends)
    found = reduce(account(subscription("seat")), shop, day(3))
    assert found.modules == frozenset()
    assert found.explain("wick") == (Reason("wick", False, Cause.NOT_BOUGHT),)


def test_what_nobody_sells_is_free_though_something_free_needs_it():
    depends = {"base": (), "oil": ("base",), "lamp": ("oil",)}
    shop = Catalogue({"seat": Gives(frozenset(), 1)}, Gives(frozenset()), depends, frozenset({"base"}))
    found = reduce(account(subscription("seat")), shop, day(3))
    assert found.explain("oil") == (Reason("oil", True, Cause.FREE),)
    assert found.explain("lamp") == (Reason("lamp", True, Cause.FREE),)


def test_reasons_are_told_in_one_order_whatever_order_the_facts_have():
    labels = "hcfbgdea"
    sold = Catalogue({f"plan.{label}": Gives(frozenset({"stock"})) for label in labels}, Gives(frozenset()), {"stock": ()})
    lines = subscription(*(f"plan.{label}" for label in labels))
    in_order = [f"plan.{label}" for label in sorted(labels)]
    assert [each.product for each in reduce(account(lines), sold, day(3)).explain("stock")] == in_order
    assert [each.product for each in reduce(account(lines), CATALOGUE, day(3)).trace if each.product] == in_order
    grants = tuple(GrantFacts("stock", None, label) for label in labels)
    assert [each.source for each in reduce(account(grants=grants), sold, day(3)).explain("stock")] == sorted(labels)


def test_what_a_product_says_nothing_of_it_does_not_give():
    assert reduce(account(subscription("module.stock")), CATALOGUE, day(3)).seats == 0


def test_the_words_of_the_outcome_are_those_that_the_api_and_the_rows_speak():
    assert [str(each) for each in Access] == ["full", "read_only", "suspended", "archived"]
    assert [str(each) for each in Notice] == [
        "payment_failed", "ended", "trial_over", "disputed", "paused", "trial_ends", "cancels",
    ]  # fmt: skip
    assert [str(each) for each in Cause] == [
        "trial", "trial_over", "active", "unpaid", "paused", "ended", "incomplete", "unknown_product",
        "always_on", "free", "granted", "grant_over", "needed", "needs", "not_bought",
    ]  # fmt: skip
