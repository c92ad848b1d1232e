"""A company that pays already, and its changes over the API."""

from datetime import UTC, datetime
from typing import Any

from billing.mirror.refreshing import refresh_customer
from billing.models import Customer, Subscription
from billing.services import changes
from tests.billing.core.shop import Shop
from tests.billing.services import words

METERS = ("storage", "automation_runs", "messages")


class Payer:
    """A company with a subscription at the local Stripe, by whose clock its changes are reckoned."""

    def __init__(self, shop: Shop, tenant: Any, ada: Any) -> None:
        self.shop, self.tenant, self.ada = shop, tenant, ada
        self.customer: Customer = shop.customer(tenant)
        self.id = ""

    def subscribes(self, *keys: str, interval: str = "month", currency: str = "usd", **params: Any) -> None:
        """Subscribe as a checkout does, to products by their names in lookup keys; `seat.business*3` is three of one."""
        items = []
        for key in (*keys, *(f"meter.{each}" for each in METERS if "starter" not in keys)):
            name, _, quantity = key.partition("*")
            price = self.shop.price(f"{name}.{interval}.{currency}")
            items.append({"price": price} | ({} if name.startswith("meter.") else {"quantity": int(quantity or 1)}))
        made = self.shop.v1.subscriptions.create({"customer": self.customer.stripe_id, "items": items, **params})
        self.id = made.id
        refresh_customer(customer=self.customer)

    def clock(self, monkeypatch: Any) -> None:
        """Let the services tell the time by the local Stripe's clock."""
        monkeypatch.setattr(changes, "now", lambda: datetime.fromtimestamp(self.shop.stripe.now, UTC))

    def preview(self, **wish: Any) -> dict[str, Any]:
        return self.ada.data(words.PREVIEW, **wish)["it"]

    def refusal(self, **wish: Any) -> tuple[str, str]:
        """Return the reason and the field that a preview is refused with."""
        (error,) = self.ada.ask(words.PREVIEW, **wish)["errors"]
        return error["extensions"]["reason"], ".".join(error["extensions"]["field"])

    def change(self, token: str, **more: Any) -> dict[str, Any]:
        return self.ada.data(words.CHANGE, token=token, **more)["it"]

    def row(self) -> Subscription:
        return Subscription.objects.get(stripe_id=self.id)

    def products(self) -> dict[str, int]:
        """Return what is paid by the piece, and how many of it."""
        lines = self.row().items.exclude(product__startswith="meter.")
        return dict(lines.order_by("product").values_list("product", "quantity"))

    def period(self) -> tuple[datetime, datetime]:
        """Return the running period."""
        line = self.row().items.get(product__startswith="plan.")
        return line.period_start, line.period_end

    def last_invoice(self) -> dict[str, Any]:
        return self.ada.data(words.INVOICES, first=1)["it"]["nodes"][0]


def codes(answer: dict[str, Any]) -> list[str]:
    return [error["code"] for error in answer["userErrors"]]
