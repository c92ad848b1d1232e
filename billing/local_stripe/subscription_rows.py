"""What a subscription and its items consist of, stored and shown."""

from typing import TYPE_CHECKING

from billing.local_stripe import forms
from billing.local_stripe.changes import items_of
from billing.local_stripe.rendering import embedded, shown, view_of
from billing.local_stripe.store import Row

if TYPE_CHECKING:
    from billing.local_stripe.local import Local


def new_row(customer: Row, asked: forms.Form, currency: str, at: int) -> Row:
    """Return the row of a subscription that begins now, as read from a form."""
    trial = {"end_behavior": {"billing_cycle_anchor": None, "missing_payment_method": "create_invoice"}}
    if asked.get("trial_settings"):
        trial["end_behavior"].update(asked["trial_settings"]["end_behavior"])
    return {
        "object": "subscription",
        "application": None,
        "application_fee_percent": None,
        "automatic_tax": automatic_tax(asked),
        "billing_cycle_anchor": at,
        "billing_cycle_anchor_config": None,
        "billing_mode": {"flexible": {"proration_discounts": "included"}, "type": "flexible", "updated_at": at},
        "billing_schedules": [],
        "billing_thresholds": None,
        "cancel_at": None,
        "cancel_at_period_end": False,
        "canceled_at": None,
        "cancellation_details": {"comment": None, "feedback": None, "reason": None},
        "collection_method": asked.get("collection_method") or "charge_automatically",
        "created": at,
        "currency": currency,
        "customer": customer["id"],
        "customer_account": None,
        "days_until_due": asked.get("days_until_due"),
        "default_payment_method": None,
        "default_source": None,
        "default_tax_rates": [],
        "description": asked.get("description"),
        "discounts": [],
        "ended_at": None,
        "invoice_settings": {"account_tax_ids": None, "issuer": {"type": "self"}},
        "latest_invoice": None,
        "livemode": False,
        "metadata": forms.merged({}, asked.get("metadata")),
        "next_pending_invoice_item_invoice": None,
        "on_behalf_of": None,
        "pause_collection": None,
        "payment_settings": {
            "payment_method_options": None,
            "payment_method_types": None,
            "save_default_payment_method": (asked.get("payment_settings") or {}).get("save_default_payment_method", "off"),
        },
        "pending_invoice_item_interval": None,
        "pending_setup_intent": None,
        "pending_update": None,
        "schedule": None,
        "start_date": at,
        "status": "incomplete",
        "test_clock": customer["test_clock"],
        "transfer_data": None,
        "trial_end": None,
        "trial_settings": trial,
        "trial_start": None,
        "_items": [],
        "_warned": False,
    }


def automatic_tax(asked: forms.Form) -> Row:
    """Return what a subscription says of automatic tax."""
    enabled = bool((asked.get("automatic_tax") or {}).get("enabled"))
    return {"disabled_reason": None, "enabled": enabled, "liability": {"type": "self"} if enabled else None}


@view_of("subscription")
def show_subscription(local: "Local", row: Row, public: Row) -> None:
    public["items"] = embedded(local, items_of(local, row), f"/v1/subscription_items?subscription={row['id']}")


@view_of("subscription_item")
def show_item(local: "Local", row: Row, public: Row) -> None:
    price = local.store.kinds["price"][row["price"]]
    public["price"] = shown(local, price)
    public["plan"] = _plan(price)
    if row["quantity"] is None:
        del public["quantity"]


def _plan(price: Row) -> Row:
    """Return a price as the plan it would have been."""
    rhythm = price["recurring"]
    same = ("active", "billing_scheme", "created", "currency", "id", "livemode", "metadata", "nickname", "product", "tiers_mode")
    return {
        **{name: price[name] for name in same},
        "object": "plan",
        "amount": price["unit_amount"],
        "amount_decimal": price["unit_amount_decimal"],
        **{name: rhythm[name] for name in ("interval", "interval_count", "meter", "trial_period_days", "usage_type")},
        "transform_usage": None,
    }
