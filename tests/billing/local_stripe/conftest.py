"""A local Stripe for each test, and a shop in it: what is sold, and somebody who buys."""

from collections.abc import Iterator
from typing import Any

import pytest

from billing.local_stripe.testing import LocalStripe, running

START = 1_790_000_000  # 21 September 2026


class Shop:
    """Products with monthly prices in cents, customers with a card, and subscriptions of them."""

    def __init__(self, local: LocalStripe) -> None:
        self.local, self.v1 = local, local.client.v1

    def price(self, name: str, amount: int, interval: str = "month", **more: Any) -> str:
        """Return the price of a new product."""
        product = self.v1.products.create({"name": name})
        recurring = {"interval": interval, **more.pop("recurring", {})}
        asked = {"product": product.id, "currency": "usd", "unit_amount": amount, "recurring": recurring, **more}
        return self.v1.prices.create(asked).id

    def customer(self, card: str | None = "pm_card_visa", **more: Any) -> str:
        """Return a customer whose default is this card."""
        pays = {"payment_method": card, "invoice_settings": {"default_payment_method": card}} if card else {}
        return self.v1.customers.create({"email": "ada@example.com", **pays, **more}).id

    def subscription(self, *items: tuple[str, int], customer: str | None = None, **more: Any) -> Any:
        """Return a new subscription to prices with their quantities."""
        asked = [{"price": price, "quantity": quantity} for price, quantity in items]
        return self.v1.subscriptions.create({"customer": customer or self.customer(), "items": asked, **more})

    def status(self, subscription: str) -> str:
        """Return the status of a subscription right now."""
        return self.v1.subscriptions.retrieve(subscription).status

    def invoices(self, subscription: str) -> list[Any]:
        """Return the invoices of a subscription, the newest first."""
        return self.v1.invoices.list({"subscription": subscription}).data


@pytest.fixture
def local() -> Iterator[LocalStripe]:
    with running(at=START) as stripe:
        yield stripe


@pytest.fixture
def shop(local: LocalStripe) -> Shop:
    return Shop(local)


@pytest.fixture
def v1(local: LocalStripe) -> Any:
    return local.client.v1
