"""Random lives: whatever is done in whatever order, the money of the local Stripe adds up, and it never fails itself."""

import random
from typing import Any

import pytest
import stripe

from billing.local_stripe.testing import running
from tests.billing.local_stripe.conftest import START, Shop

DAY = 86400
CARDS = ("pm_card_visa", "pm_card_visa", "pm_card_chargeCustomerFail", "pm_card_authenticationRequired", "pm_card_createDispute")


class Walk:
    """A customer who does something at random with prices of a shop."""

    def __init__(self, shop: Shop, seed: int) -> None:
        self.shop, self.v1, self.chance = shop, shop.v1, random.Random(seed)
        meter = self.v1.billing.meters.create({"display_name": "R", "event_name": "r", "default_aggregation": {"formula": "sum"}})
        metered = {"usage_type": "metered", "meter": meter.id}
        self.prices = [shop.price(f"P{amount}", amount) for amount in (9900, 1000, 333)]
        self.prices += [shop.price("Year", 99000, "year"), shop.price("Runs", 3, recurring=metered)]
        self.coupon = self.v1.coupons.create({"percent_off": 30, "duration": "once"}).id
        self.rate = self.v1.tax_rates.create({"display_name": "VAT", "percentage": 7.7, "inclusive": False}).id
        self.customer = shop.customer("pm_card_visa")
        self.refused: list[str] = []

    def step(self) -> None:
        does = (self.subscribe, self.subscribe, self.change, self.change, self.change, self.card, self.pay, self.end, self.pause)
        try:
            self.chance.choice((*does, self.wait, self.wait, self.use, self.refund))()
        except (stripe.InvalidRequestError, stripe.CardError) as error:
            self.refused.append(str(error))

    def _one(self, rows: list[Any]) -> Any:
        if not rows:
            raise stripe.InvalidRequestError("there is none", None)
        return self.chance.choice(rows)

    def _subscription(self) -> Any:
        return self._one(self.v1.subscriptions.list({"customer": self.customer}).data)

    def _items(self) -> list[dict[str, Any]]:
        chosen = self.chance.sample(self.prices[:3], self.chance.randint(1, 2))
        return [{"price": price, "quantity": self.chance.randint(1, 9)} for price in chosen]

    def subscribe(self) -> None:
        more: dict[str, Any] = self.chance.choice([{}, {"trial_period_days": 14}, {"discounts": [{"coupon": self.coupon}]}])
        more |= self.chance.choice([{}, {"default_tax_rates": [self.rate]}])
        self.v1.subscriptions.create({"customer": self.customer, "items": self._items(), **more})

    def change(self) -> None:
        sub = self._subscription()
        item = self._one(sub["items"].data)
        to = self.chance.choice(
            [{"quantity": self.chance.randint(1, 20)}, {"price": self.chance.choice(self.prices)}, {"deleted": True}]
        )
        asked = {
            "items": [{"id": item.id, **to}],
            "proration_behavior": self.chance.choice(["always_invoice", "create_prorations", "none"]),
        }
        if self.chance.random() < 0.3:
            asked["items"] = [{"price": self.prices[4]}]
        preview = self.v1.invoices.create_preview({"subscription": sub.id, "subscription_details": asked})
        after = self.v1.subscriptions.update(sub.id, {**asked, "expand": ["latest_invoice"]})
        if after.latest_invoice.id != sub.latest_invoice:
            assert (preview.total, preview.amount_due) == (after.latest_invoice.total, after.latest_invoice.amount_due)

    def card(self) -> None:
        self.v1.customers.update(self.customer, {"invoice_settings": {"default_payment_method": self.chance.choice(CARDS)}})

    def pay(self) -> None:
        invoice = self._one(self.v1.invoices.list({"customer": self.customer, "status": "open"}).data)
        if self.chance.random() < 0.2:
            self.v1.invoices.void_invoice(invoice.id)
        else:
            self.v1.invoices.pay(invoice.id, {"payment_method": "pm_card_visa"})

    def end(self) -> None:
        sub = self._subscription()
        if self.chance.random() < 0.5:
            self.v1.subscriptions.update(sub.id, {"cancel_at_period_end": self.chance.random() < 0.7})
        else:
            self.v1.subscriptions.cancel(
                sub.id, {"prorate": self.chance.random() < 0.5, "invoice_now": self.chance.random() < 0.5}
            )

    def pause(self) -> None:
        sub = self._subscription()
        (self.v1.subscriptions.resume if sub.status == "paused" else self.v1.subscriptions.pause)(sub.id)

    def use(self) -> None:
        payload = {"stripe_customer_id": self.customer, "value": str(self.chance.randint(1, 500))}
        self.v1.billing.meter_events.create({"event_name": "r", "payload": payload})

    def refund(self) -> None:
        charge = self._one([row for row in self.v1.charges.list({"customer": self.customer}).data if row.paid])
        self.v1.refunds.create({"charge": charge.id, "amount": self.chance.randint(1, charge.amount)})

    def wait(self) -> None:
        self.shop.local.advance(self.chance.choice([3600, 5 * DAY + 7, 12 * DAY, 31 * DAY]))

    def check(self) -> None:
        """Hold the books together."""
        ledger = self.v1.customers.balance_transactions.list(self.customer, {"limit": 100}).auto_paging_iter()
        assert self.v1.customers.retrieve(self.customer).balance == sum(row.amount for row in ledger)
        invoices = list(self.v1.invoices.list({"customer": self.customer, "limit": 100}).auto_paging_iter())
        for row in invoices:
            off, tax = sum(each.amount for each in row.total_discount_amounts), sum(each.amount for each in row.total_taxes)
            assert row.total == row.subtotal - off + tax
            assert row.status in ("draft", "void") or row.amount_paid + row.amount_remaining == row.amount_due
            assert (row.number is None) == (row.status == "draft")
        numbers = [row.number for row in invoices if row.number]
        assert len(numbers) == len(set(numbers))
        charges = list(self.v1.charges.list({"customer": self.customer, "limit": 100}).auto_paging_iter())
        assert sum(row.amount for row in charges if row.paid) == sum(row.amount_paid for row in invoices)
        for sub in self.v1.subscriptions.list({"customer": self.customer}).data:
            periods = {(item.current_period_start, item.current_period_end) for item in sub["items"].data}
            assert len(periods) == 1
            start, end = periods.pop()
            assert sub.status == "paused" or start <= self.shop.local.now < end


@pytest.mark.safety(seeds=(2, 200))
def test_the_books_add_up_after_any_life(seed: int, count: Any) -> None:
    steps = count("steps", 20, 60)
    with running(at=START, deliver=False) as local:
        walk = Walk(Shop(local), seed)
        for _ in range(steps):
            walk.step()
            walk.check()
    assert len(walk.refused) < 0.8 * steps
    count.note(refused=len(walk.refused))
