"""Products and prices."""

from decimal import Decimal
from typing import TYPE_CHECKING

from billing.local_stripe import forms
from billing.local_stripe.errors import StripeError
from billing.local_stripe.events import changing, emit
from billing.local_stripe.rendering import included
from billing.local_stripe.routing import page, route
from billing.local_stripe.store import Row

if TYPE_CHECKING:
    from billing.local_stripe.local import Local

LONGEST = {"day": 1095, "week": 156, "month": 36, "year": 3}  # what a price may be paid for at once
FEATURE = forms.nested({"name": forms.text}, required=("name",))
PRODUCT: forms.Shape = {
    "active": forms.boolean,
    "description": forms.text,
    "images": forms.listed(forms.text),
    "marketing_features": forms.listed(FEATURE),
    "metadata": forms.strings,
    "name": forms.text,
    "shippable": forms.boolean,
    "statement_descriptor": forms.text,
    "tax_code": forms.text,
    "unit_label": forms.text,
    "url": forms.text,
}
RECURRING = forms.nested(
    {
        "interval": forms.choice("day", "week", "month", "year"),
        "interval_count": forms.count,
        "meter": forms.text,
        "trial_period_days": forms.count,
        "usage_type": forms.choice("licensed", "metered"),
    },
    required=("interval",),
)
PRICE: forms.Shape = {
    "active": forms.boolean,
    "lookup_key": forms.text,
    "metadata": forms.strings,
    "nickname": forms.text,
    "tax_behavior": forms.choice("exclusive", "inclusive", "unspecified"),
    "transfer_lookup_key": forms.boolean,
}
NEW_PRICE: forms.Shape = {
    **PRICE,
    "billing_scheme": forms.choice("per_unit"),
    "currency": forms.currency,
    "product": forms.text,
    "product_data": forms.nested({**PRODUCT, "id": forms.text}, required=("name",)),
    "recurring": RECURRING,
    "unit_amount": forms.count,
    "unit_amount_decimal": forms.decimal,
}


def _make_product(local: "Local", asked: forms.Form) -> Row:
    key = asked.get("id")
    if key and key in local.store.kinds.get("product", {}):
        raise StripeError(f"Product already exists: {key}", code="resource_already_exists", param="id")
    row = local.store.add(
        {
            "id": key,
            "object": "product",
            "active": True,
            "created": local.now(),
            "default_price": None,
            "description": None,
            "images": [],
            "livemode": False,
            "marketing_features": [],
            "metadata": {},
            "name": "",
            "package_dimensions": None,
            "shippable": None,
            "statement_descriptor": None,
            "tax_code": None,
            "type": "service",
            "unit_label": None,
            "updated": local.now(),
            "url": None,
            **{name: value for name, value in asked.items() if name not in ("id", "default_price_data") and value is not None},
        }
    )
    emit(local, "product.created", row)
    return row


@route("POST", "/v1/products")
def create_product(local: "Local", form: forms.Form) -> Row:
    data = {name: read for name, read in NEW_PRICE.items() if name not in ("product", "product_data", "transfer_lookup_key")}
    shape = {**PRODUCT, "id": forms.text, "default_price_data": forms.nested(data, required=("currency",))}
    asked = forms.read(form, shape, required=("name",))
    first = asked.get("default_price_data")
    if first:
        _check_price(local, first)
    row = _make_product(local, asked)
    if first:
        row["default_price"] = _make_price(local, {**first, "product": row["id"]})["id"]
    return row


@route("POST", "/v1/products/{}")
def update_product(local: "Local", form: forms.Form, key: str) -> Row:
    row = local.store.get("product", key)
    asked = forms.read(form, {**PRODUCT, "default_price": forms.text})
    if asked.get("default_price"):
        local.store.get("price", asked["default_price"], "default_price")
    with changing(local, "product.updated", row):
        if "metadata" in asked:
            asked["metadata"] = forms.merged(row["metadata"], asked["metadata"])
        row.update(asked, updated=local.now())
    return row


@route("GET", "/v1/products/{}")
def retrieve_product(local: "Local", form: forms.Form, key: str) -> Row:
    forms.read(form, {})
    return local.store.get("product", key)


@route("GET", "/v1/products")
def list_products(local: "Local", form: forms.Form) -> Row:
    shape = {"active": forms.boolean, "ids": forms.listed(forms.text), "url": forms.text, "shippable": forms.boolean}

    def match(row: Row, asked: forms.Form) -> bool:
        ids = asked.get("ids")
        same = (row[name] == asked[name] for name in ("active", "url", "shippable") if name in asked)
        return all(same) and (ids is None or row["id"] in ids)

    return page(local, local.store.of("product"), form, "/v1/products", shape, match=match)


@route("DELETE", "/v1/products/{}")
def delete_product(local: "Local", form: forms.Form, key: str) -> Row:
    forms.read(form, {})
    row = local.store.get("product", key)
    if any(local.store.of("price", product=key)):
        raise StripeError("This product cannot be deleted because it has one or more user-created prices.")
    local.store.remove(row)
    emit(local, "product.deleted", row)
    return {"id": key, "object": "product", "deleted": True}


def _check_price(local: "Local", asked: forms.Form) -> None:
    if ("unit_amount" in asked) == ("unit_amount_decimal" in asked):
        raise StripeError("You must provide one of `unit_amount` or `unit_amount_decimal`.", param="unit_amount")
    recurring = asked.get("recurring") or {}
    metered = recurring.get("usage_type") == "metered"
    if metered != bool(recurring.get("meter")):
        raise StripeError("A metered price needs a meter, and only a metered one has it.", param="recurring[meter]")
    if metered:
        local.store.get("billing.meter", recurring["meter"], "recurring[meter]")
    if recurring and not 0 < recurring.get("interval_count", 1) <= LONGEST[recurring["interval"]]:
        raise StripeError("A price is paid at least once in three years.", param="recurring[interval_count]")
    key = asked.get("lookup_key")
    if key and not asked.get("transfer_lookup_key") and (other := next(local.store.of("price", lookup_key=key), None)):
        raise StripeError(f"A price (`{other['id']}`) already uses that lookup key.", param="lookup_key")


def _make_price(local: "Local", asked: forms.Form) -> Row:
    exact = asked.get("unit_amount_decimal", Decimal(asked.get("unit_amount") or 0))
    recurring = asked.get("recurring")
    shape = {"interval": None, "interval_count": 1, "meter": None, "trial_period_days": None, "usage_type": "licensed"}
    _take_lookup_key(local, asked.get("lookup_key"))
    row = local.store.add(
        {
            "object": "price",
            "active": asked.get("active", True),
            "billing_scheme": "per_unit",
            "created": local.now(),
            "currency": asked["currency"],
            "custom_unit_amount": None,
            "livemode": False,
            "lookup_key": asked.get("lookup_key"),
            "metadata": asked.get("metadata") or {},
            "nickname": asked.get("nickname"),
            "product": asked["product"],
            "recurring": {**shape, **recurring} if recurring else None,
            "tax_behavior": asked.get("tax_behavior", "unspecified"),
            "tiers_mode": None,
            "transform_quantity": None,
            "type": "recurring" if recurring else "one_time",
            "unit_amount": int(exact) if exact == int(exact) else None,
            "unit_amount_decimal": f"{exact.normalize():f}",
        }
    )
    emit(local, "price.created", row)
    return row


def _take_lookup_key(local: "Local", key: str | None) -> None:
    """Let a lookup key go from the price that has it."""
    for other in local.store.of("price", lookup_key=key) if key else ():
        with changing(local, "price.updated", other):
            other["lookup_key"] = None


@route("POST", "/v1/prices")
def create_price(local: "Local", form: forms.Form) -> Row:
    asked = forms.read(form, NEW_PRICE, required=("currency",))
    if ("product" in asked) == ("product_data" in asked):
        raise StripeError("Provide one of product and product_data.", code="parameter_missing", param="product")
    _check_price(local, asked)
    if "product" in asked:
        local.store.get("product", asked["product"], "product")
    else:
        asked["product"] = _make_product(local, asked["product_data"])["id"]
    return _make_price(local, asked)


@route("POST", "/v1/prices/{}")
def update_price(local: "Local", form: forms.Form, key: str) -> Row:
    row = local.store.get("price", key)
    asked = forms.read(form, PRICE)
    taken = asked.get("lookup_key")
    other = next((each for each in local.store.of("price", lookup_key=taken) if each is not row), None) if taken else None
    if other and not asked.get("transfer_lookup_key"):
        raise StripeError(f"A price (`{other['id']}`) already uses that lookup key.", param="lookup_key")
    if other:
        _take_lookup_key(local, taken)
    with changing(local, "price.updated", row):
        asked.pop("transfer_lookup_key", None)
        if "metadata" in asked:
            asked["metadata"] = forms.merged(row["metadata"], asked["metadata"])
        row.update(asked)
    return row


@route("GET", "/v1/prices/{}")
def retrieve_price(local: "Local", form: forms.Form, key: str) -> Row:
    forms.read(form, {})
    return local.store.get("price", key)


@route("GET", "/v1/prices")
def list_prices(local: "Local", form: forms.Form) -> Row:
    recurring = {"interval": forms.text, "meter": forms.text, "usage_type": forms.text}
    shape = {
        "active": forms.boolean,
        "currency": forms.currency,
        "lookup_keys": forms.listed(forms.text),
        "product": forms.text,
        "recurring": forms.nested(recurring),
        "type": forms.choice("one_time", "recurring"),
    }

    def match(row: Row, asked: forms.Form) -> bool:
        keys, rhythm = asked.get("lookup_keys"), asked.get("recurring") or {}
        same = (row[name] == asked[name] for name in ("active", "currency", "product", "type") if name in asked)
        return (
            all(same)
            and (keys is None or row["lookup_key"] in keys)
            and all((row["recurring"] or {}).get(name) == value for name, value in rhythm.items())
        )

    return page(local, local.store.of("price"), form, "/v1/prices", shape, match=match)


@included("price", "currency_options")
def currency_options(local: "Local", row: Row) -> Row:
    return {
        row["currency"]: {
            "custom_unit_amount": None,
            "tax_behavior": row["tax_behavior"],
            "unit_amount": row["unit_amount"],
            "unit_amount_decimal": row["unit_amount_decimal"],
        }
    }
