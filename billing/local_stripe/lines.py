"""Lines of invoices: for a period of an item, for its usage, for a trial, and those that waited as invoice items."""

from typing import TYPE_CHECKING

from billing.local_stripe.amounts import price_of, written
from billing.local_stripe.store import Row, new_id

if TYPE_CHECKING:
    from billing.local_stripe.local import Local


def line(
    local: "Local", *, amount: int, price: Row | None, quantity: int, period: tuple[int, int], parent: Row, **fields: object
) -> Row:
    """Make a line before discounts and taxes, which belong to the whole invoice."""
    return {
        "id": new_id("line_item"),
        "object": "line_item",
        "amount": amount,
        "currency": price["currency"] if price else "usd",
        "description": None,
        "discount_amounts": [],
        "discountable": True,
        "discounts": [],
        "invoice": None,
        "livemode": False,
        "metadata": {},
        "parent": parent,
        "period": {"start": period[0], "end": period[1]},
        "pretax_credit_amounts": [],
        "pricing": pricing(price),
        "quantity": quantity,
        "quantity_decimal": str(quantity),
        "subscription": None,
        "subtotal": amount,
        "taxes": [],
        **fields,
    }


def pricing(price: Row | None) -> Row | None:
    """Return how a line or an invoice item says at which price it is."""
    if price is None:
        return None
    details = {"price": price["id"], "product": price["product"]}
    return {"price_details": details, "type": "price_details", "unit_amount_decimal": price["unit_amount_decimal"]}


def item_parent(item: Row, *, invoice_item: str | None = None, details: Row | None = None) -> Row:
    """Return what a line of a subscription item comes from."""
    return {
        "invoice_item_details": None,
        "subscription_item_details": {
            "invoice_item": invoice_item,
            "proration": invoice_item is not None,
            "proration_details": details or {"credited_items": None},
            "subscription": item["subscription"],
            "subscription_item": item["id"],
        },
        "type": "subscription_item_details",
    }


def name_of(local: "Local", price: Row) -> str:
    """Return the name of what a price is for."""
    return str(local.store.kinds["product"][price["product"]]["name"])


def every(price: Row) -> str:
    """Return how often a price is paid: `month`, `3 months`."""
    rhythm = price["recurring"]
    return str(rhythm["interval"]) if rhythm["interval_count"] == 1 else f"{rhythm['interval_count']} {rhythm['interval']}s"


def _at(price: Row) -> str:
    return f"(at {written(price['unit_amount'] or 0, price['currency'])} / {every(price)})"


def period_line(local: "Local", item: Row, period: tuple[int, int], *, amount: int | None = None) -> Row:
    """Make the line of a licensed item for a period, which is paid in advance; `amount` where the period is a short one."""
    price, quantity = local.store.kinds["price"][item["price"]], item["quantity"]
    return line(
        local,
        amount=price_of(price, quantity) if amount is None else amount,
        price=price,
        quantity=quantity,
        period=period,
        parent=item_parent(item),
        description=f"{quantity} × {name_of(local, price)} {_at(price)}",
        metadata=dict(item["metadata"]),
        subscription=item["subscription"],
    )


def usage_line(local: "Local", item: Row, period: tuple[int, int]) -> Row:
    """Make the line of a metered item for a period that is over."""
    from billing.local_stripe.meters import usage

    price = local.store.kinds["price"][item["price"]]
    subscription = local.store.kinds["subscription"][item["subscription"]]
    used = usage(local, price["recurring"]["meter"], subscription["customer"], *period)
    return line(
        local,
        amount=price_of(price, used),
        price=price,
        quantity=int(used),
        period=period,
        parent=item_parent(item),
        description=f"{used} × {name_of(local, price)} {_at(price)}",
        metadata=dict(item["metadata"]),
        quantity_decimal=str(used),
        subscription=item["subscription"],
    )


def trial_line(local: "Local", item: Row, period: tuple[int, int]) -> Row:
    """Make the line of nothing for an item on trial."""
    price = local.store.kinds["price"][item["price"]]
    return line(
        local,
        amount=0,
        price=price,
        quantity=item["quantity"] or 0,
        period=period,
        parent=item_parent(item),
        description=f"Trial period for {name_of(local, price)}",
        metadata=dict(item["metadata"]),
        subscription=item["subscription"],
    )


def pending_line(local: "Local", waiting: Row) -> Row:
    """Make the line of an invoice item that waited for this invoice."""
    of = (waiting["parent"] or {}).get("subscription_details")
    credited = (waiting["proration_details"] or {}).get("credited_items") or {}
    details = {"credited_items": credited.get("invoice_line_item_details")}
    if of and of["subscription_item"]:
        item = {"id": of["subscription_item"], "subscription": of["subscription"]}
        parent = item_parent(item, invoice_item=waiting["id"], details=details)
        parent["subscription_item_details"]["proration"] = waiting["proration"]
    else:
        parent = {
            "invoice_item_details": {
                "invoice_item": waiting["id"],
                "proration": waiting["proration"],
                "proration_details": details,
                "subscription": of["subscription"] if of else None,
            },
            "subscription_item_details": None,
            "type": "invoice_item_details",
        }
    key = ((waiting["pricing"] or {}).get("price_details") or {}).get("price")
    return line(
        local,
        amount=waiting["amount"],
        price=local.store.kinds["price"][key] if key else None,
        quantity=waiting["quantity"],
        period=(waiting["period"]["start"], waiting["period"]["end"]),
        parent=parent,
        currency=waiting["currency"],
        description=waiting["description"],
        discountable=waiting["discountable"],
        metadata=dict(waiting["metadata"]),
        pricing=waiting["pricing"],
        subscription=of["subscription"] if of else None,
    )
