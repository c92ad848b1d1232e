"""The figures are those of the books: recounted from the local Stripe's own rows over random lives, they are equal to the cent."""

import json
import random
from collections import defaultdict
from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from io import StringIO

import pytest
import stripe
from django.core.management import call_command
from django.utils import timezone

from billing.entitlements import granting
from billing.mirror.refreshing import refresh_customer
from billing.selectors import figures
from tenants.models import Tenant
from tests.billing.core.walks import Walker, found_company
from tests.billing.services.conftest import shop, synced  # noqa: F401

PLANS = tuple(
    f"{plan}.{interval}.{currency}"
    for plan in ("starter", "business")
    for interval in ("month", "year")
    for currency in ("usd", "eur")
)
COUPONS = (
    {"percent_off": "12.5", "duration": "forever"},
    {"percent_off": "33", "duration": "repeating", "duration_in_months": 2},
    {"amount_off": 700, "currency": "usd", "duration": "forever"},
    {"amount_off": 100_000, "currency": "eur", "duration": "forever"},
    {"percent_off": "50", "duration": "once"},
)


class Buyer(Walker):
    """A customer who also pays by the year and in euros, takes more seats, and has coupons."""

    coupons: tuple[str, ...] = ()

    def step(self):
        try:
            getattr(
                self,
                self.chance.choice(
                    ["tries", "pays", "pays", "fails", "heals", "cancels", "leaves", "pauses", "discount", "seats"]
                ),
            )()
        except (stripe.InvalidRequestError, stripe.CardError):
            self.refused += 1

    def _subscribe(self, **params):
        self.intents += 1
        plan = self.chance.choice([*PLANS, "business.quarter.usd"])
        seat = f"seat.{plan}"
        items = [{"price": self.prices[plan]}, {"price": self.prices[seat], "quantity": self.chance.randrange(1, 9)}]
        asked = {"customer": self.customer.stripe_id, "items": items, **params}
        self.shop.v1.subscriptions.create({"metadata": {"checkout": f"{self.tenant.slug}-{self.intents}"}, **asked})

    def discount(self):
        self._change(discounts=[{"coupon": self.chance.choice(self.coupons)}])

    def seats(self):
        found = self._mine("active")
        item = self.chance.choice([each for each in found["items"].data if each.price.lookup_key.startswith("seat.")])
        self.shop.v1.subscriptions.update(found.id, {"items": [{"id": item.id, "quantity": self.chance.randrange(1, 20)}]})


def agreed(shop, key, interval, count):  # noqa: F811
    """Return a price by agreement, of the product and amount of one that is sold, every so many intervals."""
    sold = shop.v1.prices.list({"lookup_keys": [key]}).data[0]
    every = {"interval": interval, "interval_count": count}
    asked = {"product": sold.product, "currency": sold.currency, "unit_amount": sold.unit_amount, "recurring": every}
    return shop.v1.prices.create({**asked, "lookup_key": key.replace("month", "agreed")}).id


def rounded(amount):
    return Decimal(int(abs(amount) * 100 + Fraction(1, 2))) / 100 * (1 if amount >= 0 else -1)


class Books:
    """The local Stripe's rows, counted by hand."""

    def __init__(self, local):
        self.store = local.stripe.local.store
        self.subscriptions = list(self.store.of("subscription"))
        self.invoices = list(self.store.of("invoice"))

    def monthly(self, row, at):
        left, months = [], 1
        for key in row["_items"]:
            item = self.store.kinds["subscription_item"][key]
            price = self.store.kinds["price"][item["price"]]
            months = (12 if price["recurring"]["interval"] == "year" else 1) * price["recurring"]["interval_count"]
            left.append(Fraction(price["unit_amount"] * item["quantity"], 100))
        for key in row["discounts"]:
            discount = self.store.kinds["discount"][key]
            coupon = self.store.kinds["coupon"][discount["source"]["coupon"]]
            if coupon["duration"] == "once" or (discount["end"] is not None and discount["end"] <= at):
                continue
            if coupon["percent_off"]:
                left = [each - Fraction(rounded(each * Fraction(coupon["_percent"]) / 100)) for each in left]
            else:
                left = [max(Fraction(0), sum(left) - Fraction(coupon["amount_off"], 100))]
        return rounded(sum(left) / months)

    def by_currency(self, rows, at):
        found = defaultdict(Decimal)
        for row in rows:
            found[row["currency"].upper()] += self.monthly(row, at)
        return dict(found)

    def mrr(self, at):
        going = [row for row in self.subscriptions if row["status"] in ("active", "past_due") and not row["pause_collection"]]
        return self.by_currency(going, at)

    def first_paid(self):
        found = {}
        for invoice in sorted(self.invoices, key=lambda each: each["created"]):
            if invoice["status"] == "paid" and invoice["total"] > 0 and invoice["_subscription"]:
                found.setdefault(invoice["_subscription"], invoice["created"])
        return found

    def churn(self, start, end):
        first = self.first_paid()

        def at(moment):
            return [
                row
                for row in self.subscriptions
                if row["id"] in first and first[row["id"]] <= moment and (row["status"] != "canceled" or row["ended_at"] > moment)
            ]

        before, after = at(start), {row["id"] for row in at(end)}
        lost = {row["customer"] for row in before} - {row["customer"] for row in at(end)}
        return (
            len({row["customer"] for row in before}),
            len(lost),
            self.by_currency(before, start),
            self.by_currency([row for row in before if row["id"] not in after], start),
        )

    def converted(self):
        return {each["customer"] for each in self.invoices if each["status"] == "paid" and each["total"] > 0}

    def dunning(self):
        found = defaultdict(lambda: [set(), 0, Decimal(0)])
        for each in self.invoices:
            if each["status"] in ("open", "uncollectible") and each["attempted"] and each["amount_remaining"] > 0:
                counts = found[each["currency"].upper()]
                counts[0].add(each["customer"])
                counts[1] += 1
                counts[2] += Decimal(each["amount_remaining"]) / 100
        return {currency: (len(customers), count, amount) for currency, (customers, count, amount) in found.items()}


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_over_random_lives_the_figures_are_those_of_stripes_own_rows(shop, seed, monkeypatch, time_machine):  # noqa: F811
    monkeypatch.setattr(granting, "enqueue", lambda task: None)  # these companies have no tables that could be switched
    chance = random.Random(seed)
    start = datetime(2030, 1, 10, tzinfo=UTC)
    shop.stripe.local.clock.freeze(int(start.timestamp()))
    time_machine.move_to(start, tick=False)
    keys = [*PLANS, *(f"seat.{plan}" for plan in PLANS)]
    prices = {key: shop.price(key) for key in keys}
    for key in ("business.month.usd", "seat.business.month.usd"):  # by agreement, paid each quarter
        prices[key.replace("month", "quarter")] = agreed(shop, key, "month", 3)
    coupons = tuple(shop.v1.coupons.create(each).id for each in COUPONS)
    buyers = []
    for number in range(10):
        buyers.append(Buyer(shop, found_company(number, chance, start), chance, prices))
        buyers[-1].coupons = coupons
    for _moment in range(9):
        for buyer in buyers:
            buyer.step()
        shop.stripe.advance(days=chance.randrange(3, 25), seconds=chance.randrange(86400))
    now = datetime.fromtimestamp(shop.stripe.now, UTC)
    time_machine.move_to(now, tick=False)
    for buyer in buyers:
        refresh_customer(customer=buyer.customer)

    books = Books(shop)
    assert figures.mrr() == books.mrr(shop.stripe.now)
    assert {each.currency: (each.customers, each.invoices, each.amount) for each in figures.dunning()} == books.dunning()
    month, seen = start.replace(day=1), 0
    while month < now:
        following = (month + timedelta(days=32)).replace(day=1)
        told = figures.churn(month)
        until = min(following, now)
        expected = books.churn(int(month.timestamp()), int(until.timestamp()))
        assert (told.customers, told.lost, told.revenue, told.lost_revenue) == expected, month
        seen += told.lost
        month = following
    cohorts = {each.month: each for each in figures.trial_conversion()}
    keys = {buyer.customer.stripe_id for buyer in buyers}
    assert cohorts["2030-01"].converted == len(books.converted() & keys)
    assert sum(each.made for each in cohorts.values()) == Tenant.objects.exclude(state="preparing").count()
    assert figures.mrr() != {} and cohorts["2030-01"].converted > 0


def test_what_a_subscription_brings_is_what_its_next_invoice_says(shop, company):  # noqa: F811
    for number, (plan, coupon) in enumerate([(0, 0), (3, 2), (4, 0), (6, 0), (7, 3)]):
        tenant = company(number)
        customer = shop.customer(tenant)
        key = PLANS[plan]
        items = [{"price": shop.price(key)}, {"price": shop.price(f"seat.{key}"), "quantity": 3}]
        made = shop.v1.coupons.create(COUPONS[coupon])
        shop_coupon = [] if COUPONS[coupon].get("currency", key[-3:]) != key[-3:] else [{"coupon": made.id}]
        bought = shop.v1.subscriptions.create({"customer": customer.stripe_id, "items": items, "discounts": shop_coupon})
        refresh_customer(customer=customer)
        preview = shop.v1.invoices.create_preview({"subscription": bought.id})
        net = preview.total_excluding_tax
        months = 12 if ".year." in key else 1
        expected = (Decimal(net) / 100 / months).quantize(Decimal("0.01"), ROUND_HALF_UP)
        assert figures.monthly(customer.subscriptions.get(), timezone.now()) == expected, key


@pytest.mark.parametrize(
    ("interval", "count", "brings"),
    [("month", 3, "26.33"), ("month", 6, "13.17"), ("year", 2, "3.29"), ("week", 4, "85.58"), ("day", 30, "80.10")],
)
def test_what_is_paid_every_so_many_intervals_is_spread_over_them(shop, company, interval, count, brings):  # noqa: F811
    customer = shop.customer(company())
    price = agreed(shop, "business.month.usd", interval, count)
    shop.v1.subscriptions.create({"customer": customer.stripe_id, "items": [{"price": price}]})
    refresh_customer(customer=customer)
    assert figures.mrr() == {"USD": Decimal(brings)}


def test_a_coupon_for_one_product_takes_from_that_alone(shop, company):  # noqa: F811
    customer = shop.customer(company())
    seat = shop.v1.prices.list({"lookup_keys": ["seat.business.month.usd"]}).data[0]
    coupon = shop.v1.coupons.create({"percent_off": "50", "duration": "forever", "applies_to": {"products": [seat.product]}})
    items = [{"price": shop.price("business.month.usd")}, {"price": seat.id, "quantity": 3}]
    shop.v1.subscriptions.create({"customer": customer.stripe_id, "items": items, "discounts": [{"coupon": coupon.id}]})
    refresh_customer(customer=customer)
    (discount,) = customer.subscriptions.get().discounts.all()
    assert discount.products == ["seat.business"]
    assert figures.mrr() == {"USD": Decimal("79.00") + Decimal("18.00")}


def test_a_discount_that_is_taken_away_is_gone_here_too(shop, company):  # noqa: F811
    customer = shop.customer(company())
    coupon = shop.v1.coupons.create({"percent_off": "50", "duration": "forever"})
    made = shop.buys(customer, "business.month.usd", discounts=[{"coupon": coupon.id}])
    refresh_customer(customer=customer)
    assert figures.mrr() == {"USD": Decimal("39.50")}
    shop.v1.subscriptions.update(made.id, {"discounts": ""})
    refresh_customer(customer=customer)
    assert figures.mrr() == {"USD": Decimal("79.00")}


def test_trials_bring_nothing_yet_and_paused_ones_nothing_now(shop, company):  # noqa: F811
    customer = shop.customer(company())
    shop.buys(customer, "business.month.usd", trial_period_days=14)
    other = shop.customer(company(2))
    paused = shop.buys(other, "business.month.usd")
    shop.v1.subscriptions.update(paused.id, {"pause_collection": {"behavior": "void"}})
    for each in (customer, other):
        refresh_customer(customer=each)
    assert figures.mrr() == {}


def test_active_companies_are_counted_by_what_they_may_do(shop, company):  # noqa: F811
    before = figures.active_tenants()
    for number, change in enumerate(
        [{}, {"access": "read_only"}, {"state": "suspended"}, {"state": "fenced"}, {"state": "deleted"}]
    ):
        Tenant.objects.filter(pk=company(number).pk).update(**change)
    after = figures.active_tenants()
    grown = {name: after[name] - before[name] for name in after}
    assert grown == {"full": 1, "read_only": 1, "suspended": 1, "archived": 0, "fenced": 1, "deleted": 1}


def test_the_command_tells_the_same_figures(shop, company):  # noqa: F811
    customer = shop.customer(company())
    shop.buys(customer, "business.month.usd")
    refresh_customer(customer=customer)
    out = StringIO()
    call_command("billing", "figures", "--json", "--months", "2", stdout=out)
    told = json.loads(out.getvalue())
    assert told["mrr"] == {"USD": "79.00"}
    assert [len(told["churn"]), told["subscriptions"], told["dunning"]] == [2, {"active": 1}, []]
    assert told["trials"][0]["converted"] == 1
    out = StringIO()
    call_command("billing", "figures", stdout=out)
    assert "79.00 USD" in out.getvalue()
