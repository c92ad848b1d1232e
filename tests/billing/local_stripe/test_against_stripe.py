"""The same checks against the local Stripe and against Stripe's own test mode, where a key is at hand."""

import os
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import stripe

from tests.billing.local_stripe.conftest import START
from tests.billing.local_stripe.test_faithfulness import class_of, faults

DAY = 86400


class SameChecks:
    """What must hold of both. A subclass gives `client` and `at`, the moment that test clocks begin at."""

    @pytest.fixture
    def at(self) -> int:
        raise NotImplementedError

    @pytest.fixture
    def client(self) -> Any:
        raise NotImplementedError

    @pytest.fixture
    def clock(self, client: Any, at: int) -> Iterator[Any]:
        clock = client.v1.test_helpers.test_clocks.create({"frozen_time": at, "name": "Tessera"})
        yield clock
        client.v1.test_helpers.test_clocks.delete(clock.id)

    @pytest.fixture
    def advance(self, client: Any, clock: Any) -> Callable[[int], None]:
        """Move the clock to a moment and wait until it is there."""

        def advance(to: int) -> None:
            clocks = client.v1.test_helpers.test_clocks
            clocks.advance(clock.id, {"frozen_time": to})
            while clocks.retrieve(clock.id).status != "ready":
                time.sleep(1)  # only Stripe's own takes its time

        return advance

    @pytest.fixture
    def sub(self, client: Any, clock: Any) -> Any:
        """A monthly subscription to three seats of ten dollars, by a customer on the clock."""
        v1 = client.v1
        product = v1.products.create({"name": "Seat"})
        asked = {"product": product.id, "currency": "usd", "unit_amount": 1000, "recurring": {"interval": "month"}}
        price = v1.prices.create(asked)
        pays = {"payment_method": "pm_card_visa", "invoice_settings": {"default_payment_method": "pm_card_visa"}}
        customer = v1.customers.create({"test_clock": clock.id, "email": "ada@example.com", **pays})
        return v1.subscriptions.create({"customer": customer.id, "items": [{"price": price.id, "quantity": 3}]})

    def test_shapes(self, client: Any, sub: Any) -> None:
        found = []
        for row in (sub, client.v1.invoices.retrieve(sub.latest_invoice), client.v1.customers.retrieve(sub.customer)):
            plain = row.to_dict()
            found += list(faults(plain, class_of(plain["object"]), plain["object"]))
        assert found == []

    def test_prorations_are_to_the_second_and_as_previewed(self, client: Any, sub: Any, advance: Any, at: int) -> None:
        later = at + 10 * DAY + 12_345
        advance(later)
        item = sub["items"].data[0]
        change = {"items": [{"id": item.id, "quantity": 5}], "proration_behavior": "always_invoice", "proration_date": later}
        preview = client.v1.invoices.create_preview({"subscription": sub.id, "subscription_details": change})
        changed = client.v1.subscriptions.update(sub.id, {**change, "expand": ["latest_invoice"]})
        whole, left = item.current_period_end - item.current_period_start, item.current_period_end - later
        amounts = [line.amount for line in changed.latest_invoice.lines.data]
        assert sorted(amounts) == [-round(3000 * left / whole), round(5000 * left / whole)]
        assert (preview.total, changed.latest_invoice.total) == (sum(amounts), sum(amounts))

    def test_renewals_and_failures(self, client: Any, sub: Any, advance: Any) -> None:
        client.v1.payment_methods.attach("pm_card_chargeCustomerFail", {"customer": sub.customer})
        bad = client.v1.payment_methods.list({"customer": sub.customer}).data[0].id
        client.v1.customers.update(sub.customer, {"invoice_settings": {"default_payment_method": bad}})
        advance(sub["items"].data[0].current_period_end + 2 * 3600)
        after = client.v1.subscriptions.retrieve(sub.id, {"expand": ["latest_invoice"]})
        invoice = after.latest_invoice
        assert (after.status, invoice.status, invoice.billing_reason, invoice.attempt_count) == (
            "past_due",
            "open",
            "subscription_cycle",
            1,
        )
        assert invoice.parent.subscription_details.subscription == sub.id

    def test_errors(self, client: Any, sub: Any) -> None:
        with pytest.raises(stripe.InvalidRequestError) as told:
            client.v1.customers.retrieve("cus_nobody")
        assert (told.value.code, told.value.http_status) == ("resource_missing", 404)
        with pytest.raises(stripe.InvalidRequestError) as told:
            client.v1.customers.create({"nmae": "ada"})  # type: ignore[typeddict-unknown-key]
        assert (told.value.code, told.value.param) == ("parameter_unknown", "nmae")
        with pytest.raises(stripe.CardError) as declined:
            client.v1.payment_methods.attach("pm_card_chargeDeclined", {"customer": sub.customer})
        assert declined.value.code == "card_declined"


class TestTheLocalStripe(SameChecks):
    @pytest.fixture
    def at(self) -> int:
        return START

    @pytest.fixture
    def client(self, local: Any) -> Any:
        return local.client


@pytest.mark.skipif("STRIPE_TEST_KEY" not in os.environ, reason="STRIPE_TEST_KEY is not set: Stripe's test mode cannot be asked")
class TestStripeItself(SameChecks):
    @pytest.fixture
    def at(self) -> int:
        return int(time.time())

    @pytest.fixture
    def client(self) -> Any:
        key = os.environ["STRIPE_TEST_KEY"]
        assert key.startswith(("sk_test_", "rk_test_")), "only a key of test mode may be used here"
        return stripe.StripeClient(key)
