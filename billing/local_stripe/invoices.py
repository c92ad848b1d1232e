"""Invoices: drawn up, totalled, finalized, voided. How they are paid is in `invoice_payments`."""

from typing import TYPE_CHECKING

from billing.local_stripe import coupons, tax_ids, taxes
from billing.local_stripe.clock import DAY
from billing.local_stripe.events import changing, emit
from billing.local_stripe.lines import pending_line
from billing.local_stripe.rendering import embedded, included, view_of
from billing.local_stripe.store import Row, new_id

if TYPE_CHECKING:
    from billing.local_stripe.local import Local


def waiting(local: "Local", customer: str, subscription: str | None) -> list[Row]:
    """Return the invoice items that the next invoice of a subscription takes: its own, and those of the customer alone."""
    found = []
    for row in local.store.of("invoiceitem", customer=customer, invoice=None):
        of = (row["parent"] or {}).get("subscription_details")
        if of is None or of["subscription"] == subscription:
            found.append(row)
    return found


def draw_up(
    local: "Local",
    customer: Row,
    subscription: Row | None,
    reason: str,
    lines: list[Row],
    *,
    period: tuple[int, int] | None = None,
    take: list[Row] | None = None,
    **fields: object,
) -> Row:
    """Draw up a draft with these lines, after those of the waiting invoice items it takes."""
    at = local.now(customer)
    take = waiting(local, customer["id"], subscription["id"] if subscription else None) if take is None else take
    lines = [pending_line(local, item) for item in take] + lines
    currency = subscription["currency"] if subscription else (lines[0]["currency"] if lines else customer["currency"] or "usd")
    customer["currency"] = customer["currency"] or currency
    of = subscription or {}
    start, end = period or (at, at)
    row = local.store.add(
        {
            "object": "invoice",
            "account_country": "US",
            "account_name": "Tessera (local Stripe)",
            "account_tax_ids": None,
            "amount_overpaid": 0,
            "amount_paid": 0,
            "amount_shipping": 0,
            "application": None,
            "attempt_count": 0,
            "attempted": False,
            "auto_advance": True,
            "automatic_tax": taxes.told(of),
            "automatically_finalizes_at": None,
            "billing_reason": reason,
            "collection_method": of.get("collection_method", "charge_automatically"),
            "created": at,
            "currency": currency,
            "custom_fields": None,
            "customer": customer["id"],
            "customer_account": None,
            "customer_address": customer["address"],
            "customer_email": customer["email"],
            "customer_name": customer["name"],
            "customer_phone": customer["phone"],
            "customer_shipping": None,
            "customer_tax_exempt": customer["tax_exempt"],
            "customer_tax_ids": tax_ids.told_of(local, customer["id"]),
            "default_payment_method": None,
            "default_source": None,
            "default_tax_rates": [],
            "description": of.get("description"),
            "discounts": list(of.get("discounts") or []),
            "due_date": at + of["days_until_due"] * DAY if of.get("days_until_due") is not None else None,
            "effective_at": None,
            "ending_balance": None,
            "footer": None,
            "from_invoice": None,
            "hosted_invoice_url": None,
            "invoice_pdf": None,
            "issuer": {"type": "self"},
            "last_finalization_error": None,
            "latest_revision": None,
            "livemode": False,
            "metadata": {},
            "next_payment_attempt": None,
            "number": None,
            "on_behalf_of": None,
            "parent": _parent(subscription),
            "payment_settings": {"default_mandate": None, "payment_method_options": None, "payment_method_types": None},
            "period_end": end,
            "period_start": start,
            "post_payment_credit_notes_amount": 0,
            "pre_payment_credit_notes_amount": 0,
            "receipt_number": None,
            "rendering": None,
            "shipping_cost": None,
            "shipping_details": None,
            "starting_balance": 0,
            "statement_descriptor": None,
            "status": "draft",
            "status_transitions": {"finalized_at": None, "marked_uncollectible_at": None, "paid_at": None, "voided_at": None},
            "test_clock": customer["test_clock"],
            "webhooks_delivered_at": at,
            "_lines": [],
            "_subscription": subscription["id"] if subscription else None,
            **fields,
        }
    )
    for item in take:
        item["invoice"] = row["id"]
    row["_lines"] = [{**line, "invoice": row["id"]} for line in lines]
    total_up(local, row)
    if subscription:
        subscription["latest_invoice"] = row["id"]
    emit(local, "invoice.created", row)
    return row


def _parent(subscription: Row | None) -> Row | None:
    if subscription is None:
        return None
    details = {"metadata": dict(subscription["metadata"]), "subscription": subscription["id"]}
    return {"quote_details": None, "subscription_details": details, "type": "subscription_details"}


def total_up(local: "Local", row: Row) -> None:
    """Reckon discounts, taxes and totals of a draft from its lines, and what the customer's balance takes or adds."""
    lines = row["_lines"]
    by_discount: dict[str, int] = {}
    for line, found in zip(lines, coupons.amounts(local, row["discounts"], lines, row["created"]), strict=True):
        line["discount_amounts"] = found
        for each in found:
            by_discount[each["discount"]] = by_discount.get(each["discount"], 0) + each["amount"]
    row["total_discount_amounts"] = [{"amount": amount, "discount": key} for key, amount in by_discount.items()]
    row["subtotal"] = row["subtotal_excluding_tax"] = sum(line["amount"] for line in lines)
    net = row["subtotal"] - sum(by_discount.values())
    row["total_taxes"] = taxes.apply(local, row)
    row["total_excluding_tax"] = net
    row["total"] = net + sum(tax["amount"] for tax in row["total_taxes"])
    row["total_pretax_credit_amounts"] = [
        {"amount": each["amount"], "discount": each["discount"], "type": "discount"} for each in row["total_discount_amounts"]
    ]
    row["starting_balance"] = local.store.kinds["customer"][row["customer"]]["balance"]
    row["amount_due"] = max(0, row["total"] + row["starting_balance"])
    row["amount_remaining"] = row["amount_due"]


def finalize(local: "Local", row: Row) -> None:
    """Give a draft its number and its place in the customer's balance; what is due is collected by the caller."""
    from billing.local_stripe.customers import post_balance
    from billing.local_stripe.invoice_payments import request_payment

    if local.previewing:
        return
    customer = local.store.kinds["customer"][row["customer"]]
    total_up(local, row)
    at = local.now(row)
    # What the customer has to their credit lowers what is due; a negative total becomes credit.
    row["_applied"] = -row["starting_balance"] if row["amount_due"] else row["total"]
    if row["amount_due"] != row["total"]:
        post_balance(local, customer, row["_applied"], "applied_to_invoice", invoice=row["id"])
    else:
        row["_applied"] = 0
    with changing(local, "invoice.updated", row):
        row["ending_balance"] = customer["balance"]
        row["number"] = f"{customer['invoice_prefix']}-{customer['next_invoice_sequence']:04d}"
        customer["next_invoice_sequence"] += 1
        row.update(status="open", effective_at=at, automatically_finalizes_at=None)
        row["status_transitions"]["finalized_at"] = at
        row["hosted_invoice_url"] = f"{local.origin}/i/{row['id']}"
        row["invoice_pdf"] = f"{local.origin}/i/{row['id']}/pdf"
    _end_single_discounts(local, row)
    emit(local, "invoice.finalized", row)
    request_payment(local, row)


def _end_single_discounts(local: "Local", row: Row) -> None:
    """Take a coupon for one invoice off its subscription once an invoice with an amount has had it."""
    for each in row["total_discount_amounts"]:
        discount = local.store.kinds["discount"][each["discount"]]
        coupon = local.store.kinds["coupon"][discount["source"]["coupon"]]
        if coupon["duration"] != "once" or not row["subtotal"]:
            continue
        for subscription in local.store.of("subscription", customer=row["customer"]):
            if discount["id"] in subscription["discounts"]:
                subscription["discounts"].remove(discount["id"])
        emit(local, "customer.discount.deleted", discount)


@view_of("invoice")
def show_invoice(local: "Local", row: Row, public: Row) -> None:
    public["lines"] = embedded(local, row["_lines"], f"/v1/invoices/{row['id']}/lines")


@included("invoice", "payments")
def payments_of(local: "Local", row: Row) -> Row:
    return embedded(local, local.store.of("invoice_payment", invoice=row["id"]), f"/v1/invoice_payments?invoice={row['id']}")


@included("invoice", "confirmation_secret")
def confirmation_secret(local: "Local", row: Row) -> Row | None:
    from billing.local_stripe.invoice_payments import intent_of

    intent = intent_of(local, row)
    return {"client_secret": intent["client_secret"], "type": "payment_intent"} if intent else None


def upcoming_id() -> str:
    """Return the key of an invoice that is only a preview."""
    return f"upcoming_{new_id('invoice')}"
