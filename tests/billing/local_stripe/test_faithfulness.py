"""Every object that is served has the fields that the SDK declares for it, inside and out, and no others."""

import ast
import types
import typing
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import stripe
from stripe import ListObject, StripeObject

import billing.local_stripe
from billing.local_stripe.store import PREFIXES

# Those whose class is not simply their name in capitals.
CLASSES = {
    name: (module, cls)
    for name, module, cls in (
        ("billing.meter", "billing", "Meter"),
        ("billing.meter_event", "billing", "MeterEvent"),
        ("billing.meter_event_summary", "billing", "MeterEventSummary"),
        ("billing_portal.configuration", "billing_portal", "Configuration"),
        ("billing_portal.session", "billing_portal", "Session"),
        ("checkout.session", "checkout", "Session"),
        ("entitlements.active_entitlement", "entitlements", "ActiveEntitlement"),
        ("entitlements.active_entitlement_summary", "entitlements", "ActiveEntitlementSummary"),
        ("entitlements.feature", "entitlements", "Feature"),
        ("invoiceitem", "", "InvoiceItem"),
        ("item", "", "LineItem"),
        ("line_item", "", "InvoiceLineItem"),
        ("test_helpers.test_clock", "test_helpers", "TestClock"),
    )
}


def class_of(kind: str) -> type[StripeObject]:
    """Return the SDK's class of an object by its name."""
    module, name = CLASSES.get(kind, ("", "".join(part.title() for part in kind.split("_"))))
    return getattr(getattr(stripe, module) if module else stripe, name)


def options(hint: Any) -> list[Any]:
    """Return what a type may be, without None."""
    if typing.get_origin(hint) in (typing.Union, types.UnionType):
        return [each for part in typing.get_args(hint) for each in options(part)]
    return [] if hint is type(None) else [hint]


def hints_of(cls: type) -> dict[str, Any]:
    """Return the declared fields of a class of the SDK."""
    return {name: hint for name, hint in cls.__annotations__.items() if name != "OBJECT_NAME"}


def faults(value: Any, cls: type, path: str) -> Iterator[str]:
    """Yield what is wrong with a mapping: fields that are unknown, and missing ones that are always there."""
    hints = hints_of(cls)
    for name in value.keys() - hints.keys():
        yield f"{path}.{name} is unknown"
    for name, hint in hints.items():
        kinds = options(hint)
        if name not in value:
            if type(None) not in typing.get_args(hint) and hint != typing.Any:
                yield f"{path}.{name} is missing"
            continue
        inner = value[name]
        if inner is None and type(None) not in typing.get_args(hint):
            yield f"{path}.{name} is None"
        yield from _inside(inner, kinds, f"{path}.{name}")


def _inside(inner: Any, kinds: list[Any], path: str) -> Iterator[str]:
    if isinstance(inner, list):
        parts = [part for kind in kinds if typing.get_origin(kind) is list for part in options(typing.get_args(kind)[0])]
        for number, each in enumerate(inner):
            yield from _inside(each, parts, f"{path}[{number}]")
    elif isinstance(inner, dict):
        if inner.get("object") == "list":
            for number, each in enumerate(inner["data"]):
                yield from faults(each, class_of(each["object"]), f"{path}.data[{number}]")
        elif isinstance(inner.get("object"), str):
            yield from faults(inner, class_of(inner["object"]), path)
        else:
            classes = [kind for kind in kinds if isinstance(kind, type) and issubclass(kind, StripeObject)]
            plain = [kind for kind in classes if kind.__annotations__ and not issubclass(kind, ListObject)]
            if plain:
                yield from min((list(faults(inner, kind, path)) for kind in plain), key=len)


def every_object(shop: Any) -> Iterator[dict[str, Any]]:
    """Make one of everything, and yield all rows as the API shows them and all events' objects."""
    from billing.local_stripe.rendering import INCLUDED, shown

    answers = live_a_life(shop)
    local = shop.local.local
    for kind, rows in local.store.kinds.items():
        for row in list(rows.values()):
            if kind == "_idempotency":
                continue
            public = shown(local, row)
            for (owner, name), value in INCLUDED.items():
                if owner == kind:
                    public[name] = value(local, row)
            yield public
    for row in local.store.of("event"):
        yield row["data"]["object"]
    for answer in answers:
        yield answer.to_dict()


def live_a_life(shop: Any) -> list[Any]:
    """Make one of everything; return the answers that are kept nowhere."""
    v1, local = shop.v1, shop.local
    meter = v1.billing.meters.create(
        {"display_name": "Storage", "event_name": "storage", "default_aggregation": {"formula": "sum"}}
    )
    business, seat = shop.price("Business", 9900, lookup_key="business.month.usd"), shop.price("Seat", 1000)
    shop.subscription((shop.price("Quarter", 2700, recurring={"interval_count": 3}), 1))
    storage = shop.price("Storage", 3, recurring={"usage_type": "metered", "meter": meter.id})
    coupon = v1.coupons.create({"percent_off": 12.5, "duration": "repeating", "duration_in_months": 3})
    code = v1.promotion_codes.create({"promotion": {"type": "coupon", "coupon": coupon.id}, "code": "HELLO"})
    rate = v1.tax_rates.create({"display_name": "VAT", "percentage": 19, "inclusive": False})
    clock = v1.test_helpers.test_clocks.create({"frozen_time": local.now})
    feature = v1.entitlements.features.create({"lookup_key": "crm", "name": "CRM"})
    product = v1.prices.retrieve(business).product
    v1.products.features.create(product, {"entitlement_feature": feature.id})
    customer = shop.customer(
        test_clock=clock.id, address={"country": "DE"}, tax_id_data=[{"type": "eu_vat", "value": "DE123456789"}]
    )
    more = {"discounts": [{"promotion_code": code.id}], "default_tax_rates": [rate.id]}
    sub = shop.subscription((business, 1), (seat, 3), customer=customer, **more)
    v1.subscription_items.create({"subscription": sub.id, "price": storage})
    used = {"stripe_customer_id": customer, "value": "40"}
    v1.billing.meter_events.create({"event_name": "storage", "identifier": "one", "payload": used})
    v1.subscriptions.update(sub.id, {"items": [{"id": sub["items"].data[0].id, "quantity": 2}]})
    v1.invoice_items.create({"customer": customer, "amount": 500, "currency": "usd", "description": "Setup"})
    v1.test_helpers.test_clocks.advance(clock.id, {"frozen_time": local.now + 40 * 86400})
    charge = v1.charges.list({"customer": customer}).data[0]
    v1.refunds.create({"charge": charge.id, "amount": 100})
    paid = v1.invoices.list({"customer": customer, "status": "paid"}).data[0]
    v1.credit_notes.create({"invoice": paid.id, "amount": 50, "credit_amount": 50})
    declined = shop.customer("pm_card_chargeCustomerFail")
    shop.subscription((seat, 1), customer=declined)
    asks = shop.customer("pm_card_authenticationRequired")
    shop.subscription((seat, 1), customer=asks)
    shop.subscription((seat, 1), customer=shop.customer("pm_card_createDispute"))
    session = v1.checkout.sessions.create(
        {"mode": "subscription", "line_items": [{"price": business, "quantity": 1}], "success_url": "http://127.0.0.1/done"}
    )
    local.pay(session.id)
    v1.billing_portal.configurations.create({"features": {"invoice_history": {"enabled": True}}})
    cancel = {"type": "subscription_cancel", "subscription_cancel": {"subscription": sub.id}}
    v1.billing_portal.sessions.create({"customer": customer, "flow_data": cancel})
    v1.subscriptions.pause(sub.id, {"type": "subscription"})
    account = v1.accounts.create({"type": "express", "capabilities": {"transfers": {"requested": True}}})
    with local.local.lock:
        from billing.local_stripe.connect import onboard

        onboard(local.local, local.local.store.get("account", account.id))
    local.advance(days=3)
    asked = {"amount": 1000, "currency": "usd", "destination": account.id}
    transfer = v1.transfers.create({**asked, "source_transaction": charge.id})
    v1.transfers.reversals.create(transfer.id, {"amount": 10})
    v1.payouts.create({"amount": 500, "currency": "usd"}, {"stripe_account": account.id})
    endpoint = v1.webhook_endpoints.create({"url": "http://127.0.0.1:9/", "enabled_events": ["*"]})
    window = {"start_time": local.now // 60 * 60 - 600, "end_time": local.now // 60 * 60}
    other = shop.subscription((business, 1), customer=shop.customer())
    link = {
        "account": account.id,
        "refresh_url": "http://127.0.0.1/",
        "return_url": "http://127.0.0.1/",
        "type": "account_onboarding",
    }
    return [
        endpoint,
        v1.balance.retrieve(),
        v1.account_links.create(link),
        v1.invoices.create_preview({"subscription": other.id}),
        v1.entitlements.active_entitlements.list({"customer": other.customer}).data[0],
        v1.billing.meters.event_summaries.list(meter.id, {"customer": customer, **window}).data[0],
        v1.checkout.sessions.line_items.list(session.id).data[0],
        v1.invoices.line_items.list(paid.id).data[0],
    ]


def test_every_served_object_has_the_fields_of_its_class(shop: Any) -> None:
    seen, wrong = set(), set()
    for row in every_object(shop):
        if "object" in row:
            seen.add(row["object"])
            wrong.update(faults(row, class_of(row["object"]), row["object"]))
    assert not wrong, "\n".join(sorted(wrong))
    assert seen >= set(PREFIXES), sorted(set(PREFIXES) - seen)


def test_every_event_is_one_that_stripe_knows() -> None:
    """Also those that no test brings about: what is emitted is read from the code."""
    said = set()
    for file in Path(billing.local_stripe.__file__).parent.glob("*.py"):
        for call in ast.walk(ast.parse(file.read_text())):
            if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id in ("emit", "changing"):
                said.update(
                    node.value for node in ast.walk(call.args[1]) if isinstance(node, ast.Constant) and "." in str(node.value)
                )
    assert said - set(typing.get_args(stripe.Event.__annotations__["type"])) == set()
    assert len(said) > 70


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda row: row.pop("customer"), "subscription.customer is missing"),
        (lambda row: row.update(current_period_end=1), "subscription.current_period_end is unknown"),
        (
            lambda row: row["items"]["data"][0].pop("current_period_end"),
            "subscription.items.data[0].current_period_end is missing",
        ),
        (lambda row: row["billing_mode"].update(colour="red"), "subscription.billing_mode.colour is unknown"),
    ],
)
def test_the_check_notices(shop: Any, change: Any, says: str) -> None:
    from billing.local_stripe.rendering import shown

    sub = shop.subscription((shop.price("Seat", 1000), 1))
    row = shown(shop.local.local, shop.local.local.store.get("subscription", sub.id))
    assert list(faults(row, stripe.Subscription, "subscription")) == []
    change(row)
    assert list(faults(row, stripe.Subscription, "subscription")) == [says]
