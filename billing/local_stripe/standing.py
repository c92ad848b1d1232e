"""The standing of a subscription follows the payment of its invoices."""

from typing import TYPE_CHECKING

from billing.local_stripe.events import changing
from billing.local_stripe.store import Row

if TYPE_CHECKING:
    from billing.local_stripe.local import Local

OVER = ("canceled", "incomplete_expired")


def _of(local: "Local", invoice: Row) -> Row | None:
    return local.store.kinds.get("subscription", {}).get(invoice["_subscription"] or "")


def keep_method(local: "Local", invoice: Row, method: Row) -> None:
    """Make what an invoice was paid with the default of its subscription, where the subscription says so."""
    subscription = _of(local, invoice)
    if subscription and subscription["payment_settings"]["save_default_payment_method"] == "on_subscription":
        with changing(local, "customer.subscription.updated", subscription):
            subscription["default_payment_method"] = method["id"]


def after_payment(local: "Local", invoice: Row) -> None:
    """Make a subscription active whose latest invoice is paid now, and one that waited for its first."""
    subscription = _of(local, invoice)
    if subscription is None or subscription["status"] in OVER:
        return
    if subscription["latest_invoice"] != invoice["id"] and subscription["status"] != "incomplete":
        return
    with changing(local, "customer.subscription.updated", subscription):
        if subscription["status"] in ("incomplete", "past_due", "unpaid"):
            subscription["status"] = "active"
        if invoice.get("_resumes"):
            _resumed(subscription)
    _set_delinquent(local, subscription["customer"])


def _resumed(subscription: Row) -> None:
    subscription["status"] = "active"
    subscription.pop("status_details", None)


def after_failure(local: "Local", invoice: Row) -> None:
    """Make a subscription past due, and what the settings say once the last retry has failed."""
    from billing.local_stripe.invoice_payments import dunning
    from billing.local_stripe.lifecycle import cancel

    subscription = _of(local, invoice)
    if subscription is None or subscription["status"] in (*OVER, "incomplete", "unpaid", "paused"):
        return
    then = dunning(local)["then"]
    exhausted = invoice["next_payment_attempt"] is None and invoice.get("_retries", 0) > len(dunning(local)["retry_after_days"])
    if exhausted and then == "canceled":
        cancel(local, subscription, reason="payment_failed")
        return
    with changing(local, "customer.subscription.updated", subscription):
        subscription["status"] = then if exhausted else "past_due"
    _set_delinquent(local, subscription["customer"])


def after_giving_up(local: "Local", invoice: Row) -> None:
    """Make a subscription active again whose open invoice was voided or written off."""
    subscription = _of(local, invoice)
    if subscription and subscription["latest_invoice"] == invoice["id"] and subscription["status"] == "past_due":
        with changing(local, "customer.subscription.updated", subscription):
            subscription["status"] = "active"
    if subscription:
        _set_delinquent(local, subscription["customer"])


def _set_delinquent(local: "Local", key: str) -> None:
    customer = local.store.kinds["customer"][key]
    owing = any(row["attempted"] for row in local.store.of("invoice", customer=key, status="open"))
    if customer["delinquent"] != owing:
        with changing(local, "customer.updated", customer):
            customer["delinquent"] = owing
