"""What was paid by an invoice, line by line, and what was given back of it since."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import stripe
from stripe.params import RefundCreateParams

from billing.gateway.client import asking, stripe_client
from billing.gateway.connect import units_of
from billing.gateway.reading import MOST
from billing.gateway.shapes import PRODUCT, Object, amount_of, key_of, required

NOT_TAKEN = ("won", "prevented", "warning_needs_response", "warning_under_review", "warning_closed")  # disputes that took nothing
INSTRUCTION = "instruction"  # the key of metadata under which refunds say which of our instructions they come from
COUNTED = ("succeeded", "pending", "requires_action")  # refunds that are, or are on their way


@dataclass(frozen=True)
class PaidLine:
    """A line of an invoice; `gross` is what of it was paid without tax and after discounts, `total` the same with tax."""

    id: str
    product: str
    gross: Decimal
    total: Decimal


@dataclass(frozen=True)
class GivenBack:
    """What a refund, a credit note or a dispute takes from an invoice, with tax; nothing where it came to nothing after all.

    `of_lines` is what of it is about which line of the invoice; the rest is about all of it.
    """

    id: str
    kind: str  # as `PartnerLine.Kind` says it
    amount: Decimal
    created: datetime
    of_lines: tuple[tuple[str, Decimal], ...] = ()


@dataclass(frozen=True)
class PaidInvoice:
    """An invoice that was paid; `base` is what its lines above nothing come to, with tax."""

    id: str
    customer: str
    currency: str
    paid_at: datetime
    base: Decimal
    lines: tuple[PaidLine, ...]
    given_back: tuple[GivenBack, ...]


@dataclass(frozen=True)
class Payment:
    """What was paid for an invoice by a card: of `amount` so much was `refunded`."""

    intent: str
    amount: Decimal
    refunded: Decimal


def read_paid_invoice(invoice: str, wanted: Callable[[str], bool]) -> PaidInvoice | None:
    """Return an invoice as it is now, None for one that is not paid; what was given back only where a line is of a `wanted` product."""
    with asking():
        told = stripe_client().v1.invoices.retrieve(invoice).to_dict()
        if told["status"] != "paid":
            return None
        currency = told["currency"].upper()
        lines = tuple(_lines(invoice, currency))
        back: Iterable[GivenBack] = ()
        if any(wanted(line.product) for line in lines):
            back = sorted(_given_back(invoice, currency), key=lambda each: (each.created, each.id))
        return PaidInvoice(
            id=invoice,
            customer=key_of(told["customer"]),
            currency=currency,
            paid_at=required({**told["status_transitions"], "id": invoice}, "paid_at"),
            base=amount_of(told["total"], currency) - sum((each.total for each in lines if each.total < 0), Decimal(0)),
            lines=lines,
            given_back=tuple(back),
        )


def _lines(invoice: str, currency: str) -> Iterator[PaidLine]:
    products: dict[str, str] = {}
    for each in stripe_client().v1.invoices.line_items.list(invoice, {"limit": MOST}).auto_paging_iter():
        yield _line(each.to_dict(), currency, products)


def _line(thing: Object, currency: str, products: dict[str, str]) -> PaidLine:
    details = (thing.get("pricing") or {}).get("price_details") or {}
    paid = thing["amount"] - sum(each["amount"] for each in thing.get("discount_amounts") or [])
    taxes = thing.get("taxes") or []
    within = sum(each["amount"] for each in taxes if each["tax_behavior"] == "inclusive")
    beside = sum(each["amount"] for each in taxes if each["tax_behavior"] == "exclusive")
    product = _product_key(key_of(details.get("product")), products)
    return PaidLine(thing["id"], product, amount_of(paid - within, currency), amount_of(paid + beside, currency))


def _product_key(product: str, known: dict[str, str]) -> str:
    """Return the key in our catalogue of a product of Stripe's; its own where it is not ours, "" for none."""
    if product and product not in known:
        told = stripe_client().v1.products.retrieve(product).to_dict()
        known[product] = (told.get("metadata") or {}).get(PRODUCT, product)
    return known.get(product, "")


def _given_back(invoice: str, currency: str) -> Iterator[GivenBack]:
    """Yield what was given back; a refund that a credit note tells is in the credit note."""
    told_by_notes: set[str] = set()
    for note in _all(stripe_client().v1.credit_notes.list, {"invoice": invoice}):
        is_issued = note["status"] == "issued"
        if is_issued:
            told_by_notes |= {key_of(each["refund"]) for each in note["refunds"]}
        of_lines = tuple(_credited(note, currency)) if is_issued else ()
        yield replace(_back(note, "credit", note["total"] if is_issued else 0, currency), of_lines=of_lines)
    for intent in _intents(invoice):
        for refund in _all(stripe_client().v1.refunds.list, {"payment_intent": intent}):
            counts = refund["status"] in COUNTED and refund["id"] not in told_by_notes
            yield _back(refund, "refund", refund["amount"] if counts else 0, currency)
        for dispute in _all(stripe_client().v1.disputes.list, {"payment_intent": intent}):
            yield _back(dispute, "dispute", 0 if dispute["status"] in NOT_TAKEN else dispute["amount"], currency)


def _credited(note: Object, currency: str) -> Iterator[tuple[str, Decimal]]:
    """Yield how much a note credits of which line, with tax; what it credits of the whole invoice is of no line."""
    listing = stripe_client().v1.credit_notes.line_items.list
    lines = (
        [each.to_dict() for each in listing(note["id"], {"limit": MOST}).auto_paging_iter()] if note["lines"]["has_more"] else ()
    )
    for line in lines or note["lines"]["data"]:
        if line.get("invoice_line_item"):
            beside = sum(each["amount"] for each in line.get("taxes") or [] if each["tax_behavior"] == "exclusive")
            yield line["invoice_line_item"], amount_of(line["amount"] - line["discount_amount"] + beside, currency)


def _back(thing: Object, kind: str, units: int, currency: str) -> GivenBack:
    return GivenBack(thing["id"], kind, amount_of(units, currency), required(thing, "created"))


def _intents(invoice: str) -> list[str]:
    found = _all(stripe_client().v1.invoice_payments.list, {"invoice": invoice, "status": "paid"})
    return [key_of(each["payment"].get("payment_intent")) for each in found if each["payment"].get("payment_intent")]


def read_payments(invoice: str) -> list[Payment]:
    """Return what was paid for an invoice by card, each payment that can be refunded."""
    with asking():
        found = [stripe_client().v1.payment_intents.retrieve(key, {"expand": ["latest_charge"]}) for key in _intents(invoice)]
    charges = [(each.id, each.to_dict()["latest_charge"]) for each in found]
    return [
        Payment(
            intent,
            amount_of(charge["amount_captured"], charge["currency"]),
            amount_of(charge["amount_refunded"], charge["currency"]),
        )
        for intent, charge in charges
        if charge
    ]


def invoices_paid_by(intent: str) -> list[str]:
    """Return the invoices that a payment is for."""
    with asking():
        found = _all(stripe_client().v1.invoice_payments.list, {"payment": {"type": "payment_intent", "payment_intent": intent}})
        return [key_of(each["invoice"]) for each in found]


def read_given_back(since: datetime) -> Iterator[str]:
    """Yield the invoices of which something was given back that began since a moment; one may come several times."""
    asked = {"created": {"gte": int(since.timestamp())}}
    with asking():
        notes = [key_of(each["invoice"]) for each in _all(stripe_client().v1.credit_notes.list, asked)]
        moved = [*_all(stripe_client().v1.refunds.list, asked), *_all(stripe_client().v1.disputes.list, asked)]
    yield from notes
    for intent in sorted({key_of(each["payment_intent"]) for each in moved if each.get("payment_intent")}):
        yield from invoices_paid_by(intent)


def create_refund(*, key: UUID, intent: str, amount: Decimal, currency: str, reason: str) -> str:
    """Give back an amount of a payment; return the refund's key. Raises stripe.InvalidRequestError for more than is left."""
    asked: RefundCreateParams = {
        "payment_intent": intent,
        "amount": units_of(amount, currency),
        "metadata": {INSTRUCTION: str(key), "reason": reason},
    }
    with asking():
        return stripe_client().v1.refunds.create(asked, {"idempotency_key": f"refund-{key}-{intent}"}).id


def find_refund(*, key: UUID, intent: str) -> str | None:
    """Return the refund that an instruction has become, however long ago; None where it has not."""
    with asking():
        found = _all(stripe_client().v1.refunds.list, {"payment_intent": intent})
        return next((each["id"] for each in found if (each.get("metadata") or {}).get(INSTRUCTION) == str(key)), None)


def _all(listing: Callable[..., stripe.ListObject[Any]], params: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for each in listing({**params, "limit": MOST}).auto_paging_iter():
        yield each.to_dict()
