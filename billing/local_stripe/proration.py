"""Proration: what is given back for the time that an item is no longer used, and asked for the time it will be.

To the second, on the length of the whole period; each line is rounded to whole cents by itself.
"""

from fractions import Fraction
from typing import TYPE_CHECKING

from billing.local_stripe.amounts import price_of, rounded, share
from billing.local_stripe.calendar_months import day_of, period_around
from billing.local_stripe.events import emit
from billing.local_stripe.lines import name_of, pricing
from billing.local_stripe.meters import usage
from billing.local_stripe.store import Row

if TYPE_CHECKING:
    from billing.local_stripe.local import Local


def is_metered(local: "Local", item: Row) -> bool:
    """Say whether an item is paid by usage, after its period."""
    return bool(local.store.kinds["price"][item["price"]]["recurring"]["usage_type"] == "metered")


def _whole(subscription: Row, price: Row, at: int) -> int:
    start, end = period_around(subscription["billing_cycle_anchor"], price["recurring"], at)
    return end - start


def part(subscription: Row, price: Row, quantity: int, at: int, until: int) -> int:
    """Return what a quantity costs from a moment until the end of its period."""
    return share(price_of(price, quantity), left=until - at, whole=_whole(subscription, price, at))


def credit(local: "Local", subscription: Row, item: Row, at: int) -> Row | None:
    """Give back what is left of an item's period; what was discounted when it was paid is worth less."""
    price, quantity, until = local.store.kinds["price"][item["price"]], item["quantity"], item["current_period_end"]
    if is_metered(local, item) or not quantity:
        return None
    amount = part(subscription, price, quantity, at, until)
    waits = _waiting_debit(local, subscription, item)  # one that waits is discounted, if at all, together with this credit
    paid = None if waits else _paid_line(local, subscription, item, at)
    if paid:
        off = sum(each["amount"] for each in paid["discount_amounts"])
        amount = rounded(Fraction(amount * (paid["amount"] - off), paid["amount"]))
    return wait(
        local,
        subscription,
        item,
        amount=-amount,
        period=(at, until),
        description=f"Unused time on {quantity} × {name_of(local, price)} after {day_of(at)}",
        discountable=not paid,
        proration_details={"credited_items": _credited(waits, paid), "discount_amounts": []},
    )


def _credited(waits: Row | None, paid: Row | None) -> Row | None:
    """Return how a credit names the debit that it undoes."""
    if waits:
        return {"invoice_item": waits["id"], "invoice_line_item_details": None, "type": "invoice_item"}
    if paid:
        lines = {"invoice": paid["invoice"], "invoice_line_items": [paid["id"]]}
        return {"invoice_item": None, "invoice_line_item_details": lines, "type": "invoice_line_items"}
    return None


def debit(local: "Local", subscription: Row, item: Row, at: int) -> Row | None:
    """Ask for what is left of an item's period."""
    price, quantity, until = local.store.kinds["price"][item["price"]], item["quantity"], item["current_period_end"]
    if is_metered(local, item) or not quantity:
        return None
    return wait(
        local,
        subscription,
        item,
        amount=part(subscription, price, quantity, at, until),
        period=(at, until),
        description=f"Remaining time on {quantity} × {name_of(local, price)} after {day_of(at)}",
    )


def owe_usage(local: "Local", subscription: Row, item: Row, at: int) -> Row | None:
    """Ask for what was used of a metered item that is taken away, up to a moment."""
    if not is_metered(local, item):
        return None
    price, start = local.store.kinds["price"][item["price"]], item["current_period_start"]
    used = usage(local, price["recurring"]["meter"], subscription["customer"], start, at)
    if not used:
        return None
    return wait(
        local,
        subscription,
        item,
        amount=price_of(price, used),
        period=(start, at),
        description=f"{used} × {name_of(local, price)} until {day_of(at)}",
        proration=False,
        quantity=int(used),
        quantity_decimal=str(used),
    )


def _waiting_debit(local: "Local", subscription: Row, item: Row) -> Row | None:
    """Return the newest debit of an item that no invoice has taken yet."""
    found = None
    for row in local.store.of("invoiceitem", customer=subscription["customer"], invoice=None):
        of = (row["parent"] or {}).get("subscription_details") or {}
        if of.get("subscription_item") == item["id"] and row["amount"] > 0:
            found = row
    return found


def _paid_line(local: "Local", subscription: Row, item: Row, at: int) -> Row | None:
    """Return the newest line by which an item was invoiced for a period around a moment."""
    invoices = list(local.store.of("invoice", customer=subscription["customer"], _subscription=subscription["id"]))
    for invoice in reversed(invoices):
        for line in invoice["_lines"]:
            of = line["parent"]["subscription_item_details"]
            around = line["period"]["start"] <= at <= line["period"]["end"]
            if of and of["subscription_item"] == item["id"] and around and line["amount"] > 0:
                return dict(line)
    return None


def wait(
    local: "Local", subscription: Row, item: Row, *, amount: int, period: tuple[int, int], description: str, **fields: object
) -> Row:
    """Let a proration wait for the next invoice."""
    price = local.store.kinds["price"][item["price"]]
    row = local.store.add(
        {
            "object": "invoiceitem",
            "amount": amount,
            "currency": price["currency"],
            "customer": subscription["customer"],
            "customer_account": None,
            "date": local.now(subscription),
            "description": description,
            "discountable": True,
            "discounts": [],
            "invoice": None,
            "livemode": False,
            "metadata": {},
            "net_amount": amount,
            "parent": {
                "subscription_details": {"subscription": subscription["id"], "subscription_item": item["id"]},
                "type": "subscription_details",
            },
            "period": {"start": period[0], "end": period[1]},
            "pricing": pricing(price),
            "proration": True,
            "proration_details": {"credited_items": None, "discount_amounts": []},
            "quantity": item["quantity"],
            "quantity_decimal": str(item["quantity"]),
            "tax_rates": [],
            "test_clock": subscription["test_clock"],
            **fields,
        }
    )
    emit(local, "invoiceitem.created", row)
    return row
