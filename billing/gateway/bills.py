"""Invoices as people read them: those that are, the one that comes next, and the one that a change would bring."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

import stripe
from stripe.params import InvoiceCreatePreviewParams

from billing.gateway.client import asking, stripe_client
from billing.gateway.shapes import Object, amount_of, key_of, moment, required


@dataclass(frozen=True, kw_only=True)
class BillLine:
    """A line of an invoice, without tax; `proration` says that it is a part of a period, given back or asked for."""

    description: str
    quantity: int | None
    amount: Decimal
    proration: bool
    period_start: datetime
    period_end: datetime


@dataclass(frozen=True, kw_only=True)
class Bill:
    """An invoice: `total` with discounts and tax, `due` what of it the credit of earlier invoices does not pay."""

    id: str
    number: str
    subscription: str
    status: str
    currency: str
    created: datetime
    due_at: datetime | None
    subtotal: Decimal
    discount: Decimal
    tax: Decimal
    total: Decimal
    due: Decimal
    remaining: Decimal
    page: str
    pdf: str
    lines: tuple[BillLine, ...]


def read_bills(customer: str, *, first: int, after: str = "") -> tuple[list[Bill], bool]:
    """Return the invoices of a customer, the newest first, and whether there are more; `after` is the last one that is known."""
    asked: Any = {"customer": customer, "limit": first} | ({"starting_after": after} if after else {})
    with asking():
        found = stripe_client().v1.invoices.list(asked)
    return [bill_of(each.to_dict()) for each in found.data], bool(found.has_more)


def read_bill(invoice: str) -> Bill:
    """Return one invoice as it is now."""
    with asking():
        return bill_of(stripe_client().v1.invoices.retrieve(invoice).to_dict())


def preview_next(subscription: str) -> Bill | None:
    """Return the next invoice of a subscription as it would be now, None where none comes any more."""
    return _preview({"subscription": subscription})


def preview_change(subscription: str, items: list[dict[str, Any]], at: datetime | None) -> Bill | None:
    """Return the invoice that a change of a subscription's lines would bring.

    `at` is the moment up to which the old lines are used; without one, as in a trial, nothing is reckoned for a part of a period.
    """
    return _preview({"subscription": subscription, "subscription_details": {"items": items, **proration(at)}})


def proration(at: datetime | None) -> Any:
    """Return how a change is reckoned: to the second and invoiced at once, or, without a moment, not at all."""
    if at is None:
        return {"proration_behavior": "none"}
    return {"proration_behavior": "always_invoice", "proration_date": int(at.timestamp())}


def _preview(asked: Any) -> Bill | None:
    params: InvoiceCreatePreviewParams = asked
    with asking():
        try:
            return bill_of(stripe_client().v1.invoices.create_preview(params).to_dict())
        except stripe.InvalidRequestError as error:
            if error.code == "invoice_upcoming_none":
                return None
            raise


def bill_of(thing: Object) -> Bill:
    """Return an invoice that Stripe told."""
    currency = thing["currency"].upper()
    parent = (thing.get("parent") or {}).get("subscription_details") or {}

    def added(name: str) -> Decimal:
        return amount_of(sum(each["amount"] for each in thing.get(name) or []), currency)

    return Bill(
        id=thing["id"],
        number=thing.get("number") or "",
        subscription=key_of(parent.get("subscription")),
        status=thing["status"],
        currency=currency,
        created=required(thing, "created"),
        due_at=moment(thing.get("next_payment_attempt") or thing.get("due_date")),
        subtotal=amount_of(thing["subtotal"], currency),
        discount=added("total_discount_amounts"),
        tax=added("total_taxes"),
        total=amount_of(thing["total"], currency),
        due=amount_of(thing["amount_due"], currency),
        remaining=amount_of(thing["amount_remaining"], currency),
        page=thing.get("hosted_invoice_url") or "",
        pdf=thing.get("invoice_pdf") or "",
        lines=tuple(_line(each, currency) for each in thing["lines"]["data"]),
    )


def _line(thing: Object, currency: str) -> BillLine:
    parent = thing.get("parent") or {}
    of = parent.get("subscription_item_details") or parent.get("invoice_item_details") or {}
    return BillLine(
        description=thing.get("description") or "",
        quantity=thing.get("quantity"),
        amount=amount_of(thing["amount"], currency),
        proration=bool(of.get("proration")),
        period_start=required(thing["period"] | {"id": thing["id"]}, "start"),
        period_end=required(thing["period"] | {"id": thing["id"]}, "end"),
    )
