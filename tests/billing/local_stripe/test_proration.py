"""Proration: to the second, in whole cents; and a preview is the invoice that comes, whatever is changed."""

from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from billing.local_stripe.amounts import rounded, share, spread
from billing.local_stripe.calendar_months import after, period_around
from billing.local_stripe.testing import running
from tests.billing.local_stripe.conftest import START, Shop

DAY = 86400


@pytest.fixture(scope="module")
def store() -> Iterator[Shop]:
    """One local Stripe with one catalogue for all examples."""
    with running(at=START, deliver=False) as local:
        shop = Shop(local)
        shop.prices = {
            interval: [shop.price(f"P{amount}", amount, interval) for amount in (9900, 1000, 333, 1)]
            for interval in ("month", "year")
        }
        yield shop


@given(amount=st.integers(0, 10**8), left=st.integers(0, 31 * DAY), whole=st.integers(28 * DAY, 31 * DAY))
def test_a_credit_undoes_the_debit_of_the_same_share(amount: int, left: int, whole: int) -> None:
    assert share(amount, left=left, whole=whole) == -share(-amount, left=left, whole=whole)
    assert abs(share(amount, left=left, whole=whole) - Fraction(amount * left, whole)) <= Fraction(1, 2)


@given(amount=st.integers(0, 10**6), over=st.lists(st.integers(0, 10**6), min_size=1, max_size=6))
def test_what_is_spread_adds_up(amount: int, over: list[int]) -> None:
    amount = min(amount, sum(over))
    parts = spread(amount, over)
    assert sum(parts) == amount
    assert all(0 <= part <= each for part, each in zip(parts, over, strict=True))


@given(
    anchor=st.integers(START, START + 4 * 365 * DAY),
    later=st.integers(0, 800 * DAY),
    interval=st.sampled_from(["week", "month", "year"]),
    count=st.integers(1, 3),
)
def test_periods_follow_each_other_without_a_gap(anchor: int, later: int, interval: str, count: int) -> None:
    recurring = {"interval": interval, "interval_count": count}
    start, end = period_around(anchor, recurring, anchor + later)
    assert start <= anchor + later < end
    assert period_around(anchor, recurring, end)[0] == end
    assert period_around(anchor, recurring, end - 1) == (start, end)


def test_the_last_of_a_month_comes_back() -> None:
    january = 1_801_353_600  # 31 January 2027
    assert [after(january, "month", number) - january for number in (1, 2, 3)] == [28 * DAY, 59 * DAY, 89 * DAY]


def test_half_cents_are_rounded_away_from_zero() -> None:
    assert [rounded(Fraction(n, 2)) for n in (-3, -1, 0, 1, 3)] == [-2, -1, 0, 1, 2]


def test_more_seats_ask_for_the_rest_of_the_period(local: Any, shop: Any, v1: Any) -> None:
    sub = shop.subscription((shop.price("Seat", 1000), 3))
    local.advance(days=10, seconds=1)  # of the 30 days from 21 September
    changed = {"items": [{"id": sub["items"].data[0].id, "quantity": 5}], "proration_behavior": "always_invoice"}
    invoice = v1.subscriptions.update(sub.id, {**changed, "expand": ["latest_invoice"]}).latest_invoice
    left, whole = 20 * DAY - 1, 30 * DAY
    assert [line.amount for line in invoice.lines.data] == [
        -rounded(Fraction(3000 * left, whole)),
        rounded(Fraction(5000 * left, whole)),
    ]
    assert (invoice.total, invoice.status, invoice.billing_reason) == (1333, "paid", "subscription_update")
    first, second = (line.parent.subscription_item_details for line in invoice.lines.data)
    assert (first.proration, first.subscription, first.subscription_item) == (True, sub.id, sub["items"].data[0].id)
    assert first.proration_details.credited_items.invoice == sub.latest_invoice
    assert second.proration_details.credited_items is None


def test_prorations_wait_for_the_renewal(local: Any, shop: Any, v1: Any) -> None:
    sub = shop.subscription((shop.price("Seat", 1000), 3))
    local.advance(days=15)
    v1.subscriptions.update(sub.id, {"items": [{"id": sub["items"].data[0].id, "quantity": 1}]})
    assert [row.amount for row in v1.invoice_items.list({"pending": True}).data] == [500, -1500]
    local.advance(days=15)
    local.advance(3600)
    newest = shop.invoices(sub.id)[0]
    assert ([line.amount for line in newest.lines.data], newest.total, newest.status) == ([-1500, 500, 1000], 0, "paid")


def test_more_than_is_due_becomes_credit(local: Any, shop: Any, v1: Any) -> None:
    big, small = shop.price("Big", 9000), shop.price("Small", 300)
    sub = shop.subscription((big, 1))
    local.advance(days=15)
    changed = {"items": [{"id": sub["items"].data[0].id, "price": small}], "proration_behavior": "always_invoice"}
    invoice = v1.subscriptions.update(sub.id, {**changed, "expand": ["latest_invoice"]}).latest_invoice
    assert (invoice.total, invoice.amount_due, invoice.ending_balance, invoice.status) == (-4350, 0, -4350, "paid")
    assert v1.customers.retrieve(sub.customer).balance == -4350
    local.advance(days=15)
    local.advance(3600)
    newest = shop.invoices(sub.id)[0]
    assert (newest.total, newest.starting_balance, newest.amount_due, newest.ending_balance) == (300, -4350, 0, -4050)


def test_another_interval_begins_a_new_cycle_at_once(local: Any, shop: Any, v1: Any) -> None:
    sub = shop.subscription((shop.price("Monthly", 3000), 1))
    local.advance(days=10)
    changed = {"items": [{"id": sub["items"].data[0].id, "price": shop.price("Yearly", 30000, "year")}]}
    after_it = v1.subscriptions.update(sub.id, {**changed, "expand": ["latest_invoice"]})
    assert [line.amount for line in after_it.latest_invoice.lines.data] == [-2000, 30000]
    assert after_it["items"].data[0].current_period_end == local.now + 365 * DAY
    assert after_it.billing_cycle_anchor == local.now


def test_nothing_is_prorated_where_told_not_to(local: Any, shop: Any, v1: Any) -> None:
    sub = shop.subscription((shop.price("Seat", 1000), 3))
    local.advance(days=10)
    v1.subscriptions.update(sub.id, {"items": [{"id": sub["items"].data[0].id, "quantity": 9}], "proration_behavior": "none"})
    assert v1.invoice_items.list().data == []


def test_a_coupon_for_one_invoice_is_worth_less_when_given_back(local: Any, shop: Any, v1: Any) -> None:
    coupon = v1.coupons.create({"percent_off": 50, "duration": "once"})
    sub = shop.subscription((shop.price("Seat", 3000), 1), discounts=[{"coupon": coupon.id}])
    assert shop.invoices(sub.id)[0].total == 1500
    local.advance(days=15)
    changed = {"items": [{"id": sub["items"].data[0].id, "quantity": 2}], "proration_behavior": "always_invoice"}
    invoice = v1.subscriptions.update(sub.id, {**changed, "expand": ["latest_invoice"]}).latest_invoice
    assert [line.amount for line in invoice.lines.data] == [-750, 3000]


CHANGES = st.fixed_dictionaries(
    {
        "start": st.lists(
            st.tuples(st.integers(0, 3), st.integers(1, 40)), min_size=1, max_size=3, unique_by=lambda pair: pair[0]
        ),
        "end": st.lists(st.tuples(st.integers(0, 3), st.integers(1, 40)), min_size=1, max_size=4, unique_by=lambda pair: pair[0]),
        "after": st.integers(1, 27 * DAY),
        "yearly": st.sampled_from([False, False, True]),
        "behavior": st.sampled_from(["always_invoice", "create_prorations", "none"]),
        "coupon": st.sampled_from(
            [None, None, {"percent_off": 33.3, "duration": "forever"}, {"amount_off": 700, "currency": "usd", "duration": "once"}]
        ),
        "tax": st.sampled_from([None, 19, 7.7]),
        "balance": st.sampled_from([0, -5000, 250]),
        "clock": st.booleans(),
    }
)


def subscribed(store: Any, what: dict[str, Any]) -> tuple[Any, str | None]:
    """Return a subscription of an example, and its test clock."""
    v1 = store.v1
    clock = v1.test_helpers.test_clocks.create({"frozen_time": store.local.now}).id if what["clock"] else None
    customer = store.customer(balance=what["balance"], **({"test_clock": clock} if clock else {}))
    more: dict[str, Any] = {}
    if what["coupon"]:
        more["discounts"] = [{"coupon": v1.coupons.create(what["coupon"]).id}]
    if what["tax"]:
        more["default_tax_rates"] = [
            v1.tax_rates.create({"display_name": "VAT", "percentage": what["tax"], "inclusive": False}).id
        ]
    items = [(store.prices["month"][number], quantity) for number, quantity in what["start"]]
    return store.subscription(*items, customer=customer, **more), clock


def changes_of(store: Any, sub: Any, what: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the items of a form that lead from the first to the second list of an example."""
    interval = "year" if what["yearly"] else "month"
    wanted = {store.prices[interval][number]: quantity for number, quantity in what["end"]}
    asked: list[dict[str, Any]] = []
    for item in sub["items"].data:
        quantity = wanted.pop(item.price.id, None)
        asked.append({"id": item.id, "deleted": True} if quantity is None else {"id": item.id, "quantity": quantity})
    return asked + [{"price": price, "quantity": quantity} for price, quantity in wanted.items()]


def pass_time(store: Any, clock: str | None, seconds: int) -> int:
    """Move the clock of an example; return its moment."""
    if clock is None:
        return int(store.local.advance(seconds))
    at = store.v1.test_helpers.test_clocks.retrieve(clock).frozen_time + seconds
    store.v1.test_helpers.test_clocks.advance(clock, {"frozen_time": at})
    return int(at)


def kept(store: Any) -> dict[str, int]:
    """Return how many rows there are of each kind."""
    return {kind: len(rows) for kind, rows in store.local.local.store.kinds.items() if kind != "_idempotency"}


SAME = ("total", "subtotal", "amount_due", "starting_balance", "currency")


def money(invoice: Any) -> Any:
    """Return everything of an invoice that is money."""
    lines = [
        (
            line.amount,
            line.description,
            [each.amount for each in line.discount_amounts],
            [each.amount for each in line.taxes],
            line.period.to_dict(),
        )
        for line in invoice.lines.data
    ]
    return [getattr(invoice, name) for name in SAME], lines


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(what=CHANGES)
def test_a_preview_is_the_invoice_that_comes(store: Any, what: dict[str, Any]) -> None:
    v1 = store.v1
    sub, clock = subscribed(store, what)
    at = pass_time(store, clock, what["after"])
    asked = {"items": changes_of(store, sub, what), "proration_behavior": what["behavior"], "proration_date": at}
    rows = kept(store)
    preview = v1.invoices.create_preview({"subscription": sub.id, "subscription_details": asked})
    assert kept(store) == rows, "a preview leaves nothing behind"
    changed = v1.subscriptions.update(sub.id, asked)
    if changed.latest_invoice == sub.latest_invoice:  # nothing was billed at once: it comes with the renewal
        pass_time(store, clock, changed["items"].data[0].current_period_end - at)
        pass_time(store, clock, 3600)
    invoice = store.invoices(sub.id)[0]
    assert invoice.id != sub.latest_invoice
    assert money(preview) == money(invoice)
    assert preview.id.startswith("upcoming_in_")
    v1.customers.delete(sub.customer)  # the next example must not renew what this one began
    assert invoice.total == invoice.subtotal - sum(d.amount for d in invoice.total_discount_amounts) + sum(
        t.amount for t in invoice.total_taxes
    )
