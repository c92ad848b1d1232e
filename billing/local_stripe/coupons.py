"""Coupons, promotion codes, and the discounts they become on subscriptions."""

from decimal import Decimal
from typing import TYPE_CHECKING

from billing.local_stripe import forms
from billing.local_stripe.amounts import rounded, spread
from billing.local_stripe.calendar_months import after
from billing.local_stripe.errors import StripeError
from billing.local_stripe.events import changing, emit
from billing.local_stripe.rendering import included, view_of
from billing.local_stripe.routing import page, route
from billing.local_stripe.store import Row

if TYPE_CHECKING:
    from billing.local_stripe.local import Local

COUPON: forms.Shape = {
    "amount_off": forms.count,
    "applies_to": forms.nested({"products": forms.listed(forms.text)}),
    "currency": forms.currency,
    "duration": forms.choice("forever", "once", "repeating"),
    "duration_in_months": forms.count,
    "id": forms.text,
    "max_redemptions": forms.count,
    "metadata": forms.strings,
    "name": forms.text,
    "percent_off": forms.decimal,
    "redeem_by": forms.count,
}
ASKED = forms.nested({"coupon": forms.text, "discount": forms.text, "promotion_code": forms.text})


@route("POST", "/v1/coupons")
def create_coupon(local: "Local", form: forms.Form) -> Row:
    asked = forms.read(form, COUPON)
    if ("percent_off" in asked) == ("amount_off" in asked):
        raise StripeError("Must provide percent_off or amount_off", param="percent_off")
    if "amount_off" in asked and "currency" not in asked:
        raise StripeError("You must pass currency when passing amount_off", code="parameter_missing", param="currency")
    duration = asked.get("duration", "once")
    if (duration == "repeating") != ("duration_in_months" in asked):
        raise StripeError("duration_in_months goes with duration repeating", param="duration_in_months")
    if asked.get("id") in local.store.kinds.get("coupon", {}):
        raise StripeError("Coupon already exists.", code="resource_already_exists", param="id")
    percent = asked.get("percent_off")
    if percent is not None and not 0 < percent <= 100:
        raise StripeError("percent_off: must be above 0 and up to 100", param="percent_off")
    row = local.store.add(
        {
            "id": asked.get("id"),
            "object": "coupon",
            "amount_off": asked.get("amount_off"),
            "created": local.now(),
            "currency": asked.get("currency"),
            "duration": duration,
            "duration_in_months": asked.get("duration_in_months"),
            "livemode": False,
            "max_redemptions": asked.get("max_redemptions"),
            "metadata": asked.get("metadata") or {},
            "name": asked.get("name"),
            "percent_off": _number(percent),
            "redeem_by": asked.get("redeem_by"),
            "times_redeemed": 0,
            "valid": True,
            "_percent": str(percent) if percent is not None else None,
            "_products": (asked.get("applies_to") or {}).get("products"),
        }
    )
    emit(local, "coupon.created", row)
    return row


def _number(percent: Decimal | None) -> object:
    """Return a percentage as JSON has it."""
    if percent is None:
        return None
    return int(percent) if percent == int(percent) else percent.__float__()


@included("coupon", "applies_to")
def applies_to(local: "Local", row: Row) -> Row | None:
    return {"products": row["_products"]} if row["_products"] else None


@view_of("coupon")
def show_coupon(local: "Local", row: Row, public: Row) -> None:
    public["valid"] = _valid(local, row)


def _valid(local: "Local", coupon: Row) -> bool:
    spent = coupon["max_redemptions"] is not None and coupon["times_redeemed"] >= coupon["max_redemptions"]
    return not spent and (coupon["redeem_by"] is None or local.now() <= coupon["redeem_by"])


@route("GET", "/v1/coupons/{}")
def retrieve_coupon(local: "Local", form: forms.Form, key: str) -> Row:
    forms.read(form, {})
    return local.store.get("coupon", key)


@route("POST", "/v1/coupons/{}")
def update_coupon(local: "Local", form: forms.Form, key: str) -> Row:
    row = local.store.get("coupon", key)
    asked = forms.read(form, {"metadata": forms.strings, "name": forms.text})
    with changing(local, "coupon.updated", row):
        row["metadata"] = forms.merged(row["metadata"], asked["metadata"]) if "metadata" in asked else row["metadata"]
        row["name"] = asked.get("name", row["name"])
    return row


@route("GET", "/v1/coupons")
def list_coupons(local: "Local", form: forms.Form) -> Row:
    return page(local, local.store.of("coupon"), form, "/v1/coupons")


@route("DELETE", "/v1/coupons/{}")
def delete_coupon(local: "Local", form: forms.Form, key: str) -> Row:
    forms.read(form, {})
    row = local.store.get("coupon", key)
    emit(local, "coupon.deleted", row)
    row["deleted"] = True  # those who have it keep it
    return {"id": key, "object": "coupon", "deleted": True}


@route("POST", "/v1/promotion_codes")
def create_promotion_code(local: "Local", form: forms.Form) -> Row:
    promotion = forms.nested({"type": forms.choice("coupon"), "coupon": forms.text}, required=("type", "coupon"))
    restrictions = forms.nested(
        {"first_time_transaction": forms.boolean, "minimum_amount": forms.count, "minimum_amount_currency": forms.currency}
    )
    shape = {
        "active": forms.boolean,
        "code": forms.text,
        "customer": forms.text,
        "expires_at": forms.count,
        "max_redemptions": forms.count,
        "metadata": forms.strings,
        "promotion": promotion,
        "restrictions": restrictions,
    }
    asked = forms.read(form, shape, required=("promotion",))
    coupon = local.store.get("coupon", asked["promotion"]["coupon"], "promotion[coupon]")
    code = asked.get("code") or f"{coupon['id'][:6]}{len(local.store.kinds.get('promotion_code', {})) + 1}".upper()
    if any(other["code"].lower() == code.lower() for other in local.store.of("promotion_code", active=True)):
        raise StripeError("An active promotion code with that code already exists.", param="code")
    none = {"first_time_transaction": False, "minimum_amount": None, "minimum_amount_currency": None}
    row = local.store.add(
        {
            "object": "promotion_code",
            "active": asked.get("active", True),
            "code": code,
            "created": local.now(),
            "customer": asked.get("customer"),
            "customer_account": None,
            "expires_at": asked.get("expires_at"),
            "livemode": False,
            "max_redemptions": asked.get("max_redemptions"),
            "metadata": asked.get("metadata") or {},
            "promotion": {"coupon": coupon["id"], "type": "coupon"},
            "restrictions": {**none, **(asked.get("restrictions") or {})},
            "times_redeemed": 0,
        }
    )
    emit(local, "promotion_code.created", row)
    return row


@route("POST", "/v1/promotion_codes/{}")
def update_promotion_code(local: "Local", form: forms.Form, key: str) -> Row:
    row = local.store.get("promotion_code", key)
    asked = forms.read(form, {"active": forms.boolean, "metadata": forms.strings})
    with changing(local, "promotion_code.updated", row):
        row["metadata"] = forms.merged(row["metadata"], asked["metadata"]) if "metadata" in asked else row["metadata"]
        row["active"] = asked.get("active", row["active"])
    return row


@route("GET", "/v1/promotion_codes/{}")
def retrieve_promotion_code(local: "Local", form: forms.Form, key: str) -> Row:
    forms.read(form, {})
    return local.store.get("promotion_code", key)


@route("GET", "/v1/promotion_codes")
def list_promotion_codes(local: "Local", form: forms.Form) -> Row:
    shape = {"active": forms.boolean, "code": forms.text, "coupon": forms.text, "customer": forms.text}

    def match(row: Row, asked: forms.Form) -> bool:
        code, coupon = asked.pop("code", None), asked.pop("coupon", None)
        same = all(row[name] == value for name, value in asked.items())
        right_code = code is None or row["code"].lower() == code.lower()
        return same and right_code and coupon in (None, row["promotion"]["coupon"])

    rows = local.store.of("promotion_code")
    return page(local, rows, form, "/v1/promotion_codes", shape, match=lambda row, asked: match(row, dict(asked)))


def chosen(local: "Local", asked: list[forms.Form] | None, customer: str | None) -> list[tuple[Row, Row | None]]:
    """Return the (coupon, promotion code) pairs that discounts in a form name; refuse what may not be used."""
    found: list[tuple[Row, Row | None]] = []
    for number, each in enumerate(asked or []):
        code = None
        if key := each.get("promotion_code"):
            code = local.store.get("promotion_code", key, f"discounts[{number}][promotion_code]")
            expired = code["expires_at"] is not None and code["expires_at"] < local.now()
            spent = code["max_redemptions"] is not None and code["times_redeemed"] >= code["max_redemptions"]
            if not code["active"] or expired or spent or code["customer"] not in (None, customer):
                raise StripeError("This promotion code cannot be redeemed.", param=f"discounts[{number}][promotion_code]")
        if key := each.get("discount"):
            kept = local.store.get("discount", key, f"discounts[{number}][discount]")
            found.append((local.store.kinds["coupon"][kept["source"]["coupon"]], None))
            continue
        name = code["promotion"]["coupon"] if code else each.get("coupon") or ""
        coupon = local.store.get("coupon", name, f"discounts[{number}][coupon]")
        if not _valid(local, coupon):
            raise StripeError(f"Coupon expired: {name}", code="coupon_expired", param=f"discounts[{number}][coupon]")
        found.append((coupon, code))
    return found


def give(local: "Local", pairs: list[tuple[Row, Row | None]], customer: str, **of: str) -> list[str]:
    """Turn coupons into discounts of a subscription; return their keys."""
    keys = []
    for coupon, code in pairs:
        start = local.now({"customer": customer})
        repeating = coupon["duration"] == "repeating"
        for used in (coupon, code):
            if used:
                used["times_redeemed"] += 1
        row = local.store.add(
            {
                "object": "discount",
                "checkout_session": None,
                "customer": customer,
                "customer_account": None,
                "end": after(start, "month", coupon["duration_in_months"]) if repeating else None,
                "invoice": None,
                "invoice_item": None,
                "promotion_code": code["id"] if code else None,
                "source": {"coupon": coupon["id"], "type": "coupon"},
                "start": start,
                "subscription": None,
                "subscription_item": None,
                **of,
            }
        )
        emit(local, "customer.discount.created", row)
        keys.append(row["id"])
    return keys


def amounts(local: "Local", keys: list[str], lines: list[Row], at: int) -> list[list[Row]]:
    """Return what each line of an invoice is discounted by: a list of (amount, discount) for every line."""
    left = [line["amount"] for line in lines]
    found: list[list[Row]] = [[] for _ in lines]
    for key in keys:
        discount = local.store.kinds["discount"][key]
        coupon = local.store.kinds["coupon"][discount["source"]["coupon"]]
        if discount["end"] is not None and discount["end"] <= at:
            continue
        may = [line["discountable"] and _covers(coupon, line) for line in lines]
        if coupon["_percent"]:
            factor = Decimal(coupon["_percent"]) / 100
            parts = [rounded(amount * factor) if ok else 0 for amount, ok in zip(left, may, strict=True)]
        else:
            over = [max(0, amount) if ok else 0 for amount, ok in zip(left, may, strict=True)]
            parts = spread(min(coupon["amount_off"], sum(over)), over)
        for number, part in enumerate(parts):
            left[number] -= part
            if may[number]:
                found[number].append({"amount": part, "discount": key})
    return found


def _covers(coupon: Row, line: Row) -> bool:
    product = (line["pricing"] or {}).get("price_details", {}).get("product")
    return not coupon["_products"] or product in coupon["_products"]
