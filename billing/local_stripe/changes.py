"""Changes of the items of a subscription: which they are, whether they may be made, and what they cost now."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from billing.local_stripe import forms
from billing.local_stripe.errors import StripeError
from billing.local_stripe.proration import credit, debit, owe_usage
from billing.local_stripe.store import Row

if TYPE_CHECKING:
    from billing.local_stripe.local import Local

ITEM: forms.Shape = {
    "clear_usage": forms.boolean,
    "deleted": forms.boolean,
    "id": forms.text,
    "metadata": forms.strings,
    "price": forms.text,
    "quantity": forms.count,
}
ITEMS = forms.listed(forms.nested(ITEM))
PRORATION = forms.choice("create_prorations", "always_invoice", "none")
MOST = 20


@dataclass
class Change:
    """One item after the change: `item` None is a new one; `gone` removes it, `clears` with what was used and not billed."""

    item: Row | None
    price: Row
    quantity: int | None
    metadata: dict[str, str] | None = None
    gone: bool = False
    clears: bool = False

    def matters(self) -> bool:
        """Say whether it changes what is paid."""
        item = self.item
        return item is None or self.gone or item["price"] != self.price["id"] or item["quantity"] != self.quantity


def planned(local: "Local", asked: list[forms.Form], present: list[Row], currency: str | None = None) -> list[Change]:
    """Return the changes that a form asks for, checked against each other and the items that stay."""
    changes, by_id = [], {row["id"]: row for row in present}
    for number, each in enumerate(asked):
        param = f"items[{number}]"
        item = by_id.get(each.get("id") or "")
        if each.get("id") and item is None:
            raise StripeError(f"No such subscription item: '{each['id']}'", code="resource_missing", param=f"{param}[id]")
        if item is None and not each.get("price"):
            raise StripeError(f"Missing required param: {param}[price].", code="parameter_missing", param=f"{param}[price]")
        key = each.get("price") or (item["price"] if item else "")
        price = local.store.get("price", key, f"{param}[price]")
        changes.append(_change(each, item, price, param))
    _check(local, changes, [row for row in present if row["id"] not in {c.item["id"] for c in changes if c.item}], currency)
    return changes


def _change(asked: forms.Form, item: Row | None, price: Row, param: str) -> Change:
    if not asked.get("deleted") and (not item or item["price"] != price["id"]):
        if price["recurring"] is None:
            raise StripeError(
                "The price specified is set to `type=one_time` but this field only accepts `type=recurring`.",
                param=f"{param}[price]",
            )
        if not price["active"]:
            raise StripeError(f"The price specified is inactive: {price['id']}", param=f"{param}[price]")
    metered = (price["recurring"] or {}).get("usage_type") == "metered"
    if metered and asked.get("quantity") is not None:
        raise StripeError("Quantity should not be specified where usage_type is `metered`.", param=f"{param}[quantity]")
    quantity = asked.get("quantity")
    if quantity is None and not metered:
        quantity = item["quantity"] if item and item["quantity"] is not None else 1
    return Change(item, price, quantity, asked.get("metadata"), bool(asked.get("deleted")), bool(asked.get("clear_usage")))


def _check(local: "Local", changes: list[Change], staying: list[Row], currency: str | None) -> None:
    prices = [change.price for change in changes if not change.gone] + [
        local.store.kinds["price"][row["price"]] for row in staying
    ]
    if not prices:
        raise StripeError(
            "A subscription must have at least one active plan. To cancel it, cancel the subscription.", param="items"
        )
    if len(prices) > MOST:
        raise StripeError(f"A subscription has at most {MOST} items.", param="items")
    if len({price["id"] for price in prices}) < len(prices):
        raise StripeError("Cannot add multiple subscription items with the same plan.", param="items")
    currencies = {price["currency"] for price in prices} | ({currency} if currency else set())
    if len(currencies) > 1:
        raise StripeError("If you have multiple currencies, you cannot combine them on a single subscription.", param="items")
    rhythms = {(price["recurring"]["interval"], price["recurring"]["interval_count"]) for price in prices}
    if len(rhythms) > 1:
        raise StripeError("The prices of a subscription must have the same interval and interval_count.", param="items")


def add_item(local: "Local", subscription: Row, change: Change, period: tuple[int, int]) -> Row:
    """Add a new item with its running period."""
    item = local.store.add(
        {
            "object": "subscription_item",
            "billing_thresholds": None,
            "created": local.now(subscription),
            "current_period_end": period[1],
            "current_period_start": period[0],
            "discounts": [],
            "metadata": forms.merged({}, change.metadata),
            "price": change.price["id"],
            "quantity": change.quantity,
            "subscription": subscription["id"],
            "tax_rates": [],
            "_customer": subscription["customer"],
        }
    )
    subscription["_items"].append(item["id"])
    return item


def items_of(local: "Local", subscription: Row) -> list[Row]:
    """Return the items of a subscription, the oldest first."""
    return [local.store.kinds["subscription_item"][key] for key in subscription["_items"]]


def apply(local: "Local", subscription: Row, changes: list[Change], at: int, *, prorate: bool) -> None:
    """Make changes within the running period; with proration each changed one gives back its rest and asks for the new one's."""
    running = items_of(local, subscription)[0]
    period = running["current_period_start"], running["current_period_end"]
    for change in changes:
        item = change.item
        if item and change.metadata is not None:
            item["metadata"] = forms.merged(item["metadata"], change.metadata)
        if not change.matters():
            continue
        if item and prorate:
            credit(local, subscription, item, at)
        if change.gone and item:
            if not change.clears:
                owe_usage(local, subscription, item, at)
            subscription["_items"].remove(item["id"])
            local.store.remove(item)
            continue
        if item is None:
            item = add_item(local, subscription, change, period)
        item.update(price=change.price["id"], quantity=change.quantity)
        if prorate:
            debit(local, subscription, item, at)
