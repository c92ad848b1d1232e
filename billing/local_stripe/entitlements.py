"""Features, the products that give them, and what a customer is entitled to by what they pay for."""

from typing import TYPE_CHECKING

from billing.local_stripe import forms
from billing.local_stripe.changes import items_of
from billing.local_stripe.errors import StripeError
from billing.local_stripe.events import emit
from billing.local_stripe.rendering import shown, view_of
from billing.local_stripe.routing import page, route
from billing.local_stripe.store import Row

if TYPE_CHECKING:
    from billing.local_stripe.local import Local

ENTITLED = ("active", "trialing", "past_due")


@route("POST", "/v1/entitlements/features")
def create_feature(local: "Local", form: forms.Form) -> Row:
    shape = {"lookup_key": forms.text, "metadata": forms.strings, "name": forms.text}
    asked = forms.read(form, shape, required=("lookup_key", "name"))
    if any(local.store.of("entitlements.feature", lookup_key=asked["lookup_key"])):
        raise StripeError(f"A feature already has the lookup key {asked['lookup_key']}.", param="lookup_key")
    return local.store.add(
        {
            "object": "entitlements.feature",
            "active": True,
            "livemode": False,
            "lookup_key": asked["lookup_key"],
            "metadata": asked.get("metadata") or {},
            "name": asked["name"],
        }
    )


@route("POST", "/v1/entitlements/features/{}")
def update_feature(local: "Local", form: forms.Form, key: str) -> Row:
    row = local.store.get("entitlements.feature", key)
    asked = forms.read(form, {"active": forms.boolean, "metadata": forms.strings, "name": forms.text})
    if "metadata" in asked:
        asked["metadata"] = forms.merged(row["metadata"], asked["metadata"])
    row.update(asked)
    return row


@route("GET", "/v1/entitlements/features/{}")
def retrieve_feature(local: "Local", form: forms.Form, key: str) -> Row:
    forms.read(form, {})
    return local.store.get("entitlements.feature", key)


@route("GET", "/v1/entitlements/features")
def list_features(local: "Local", form: forms.Form) -> Row:
    shape = {"archived": forms.boolean, "lookup_key": forms.text}

    def match(row: Row, asked: forms.Form) -> bool:
        return asked.get("lookup_key") in (None, row["lookup_key"]) and row["active"] != bool(asked.get("archived"))

    return page(local, local.store.of("entitlements.feature"), form, "/v1/entitlements/features", shape, match=match)


@view_of("product_feature")
def show_product_feature(local: "Local", row: Row, public: Row) -> None:
    public["entitlement_feature"] = shown(local, local.store.kinds["entitlements.feature"][row["_feature"]])


@route("POST", "/v1/products/{}/features")
def attach_feature(local: "Local", form: forms.Form, product: str) -> Row:
    asked = forms.read(form, {"entitlement_feature": forms.text}, required=("entitlement_feature",))
    local.store.get("product", product)
    key = local.store.get("entitlements.feature", asked["entitlement_feature"], "entitlement_feature")["id"]
    if any(local.store.of("product_feature", _product=product, _feature=key)):
        raise StripeError("The product already has this feature.", param="entitlement_feature")
    return local.store.add({"object": "product_feature", "livemode": False, "_feature": key, "_product": product})


@route("GET", "/v1/products/{}/features")
def list_features_of_product(local: "Local", form: forms.Form, product: str) -> Row:
    return page(local, local.store.of("product_feature", _product=product), form, f"/v1/products/{product}/features")


@route("GET", "/v1/products/{}/features/{}")
def retrieve_product_feature(local: "Local", form: forms.Form, product: str, key: str) -> Row:
    forms.read(form, {})
    return local.store.get("product_feature", key)


@route("DELETE", "/v1/products/{}/features/{}")
def detach_feature(local: "Local", form: forms.Form, product: str, key: str) -> Row:
    forms.read(form, {})
    local.store.remove(local.store.get("product_feature", key))
    return {"id": key, "object": "product_feature", "deleted": True}


def active(local: "Local", customer: str) -> list[Row]:
    """Return the entitlements of a customer, one for each feature of a product they pay for."""
    features: dict[str, Row] = {}
    for subscription in local.store.of("subscription", customer=customer):
        for item in items_of(local, subscription) if subscription["status"] in ENTITLED else ():
            product = local.store.kinds["price"][item["price"]]["product"]
            for link in local.store.of("product_feature", _product=product):
                features[link["_feature"]] = local.store.kinds["entitlements.feature"][link["_feature"]]
    return [
        {
            "id": f"ent_{customer[4:]}{key[5:]}",
            "object": "entitlements.active_entitlement",
            "feature": key,
            "livemode": False,
            "lookup_key": feature["lookup_key"],
        }
        for key, feature in sorted(features.items())
    ]


@route("GET", "/v1/entitlements/active_entitlements")
def list_active(local: "Local", form: forms.Form) -> Row:
    customer = form.get("customer", "")
    rows = active(local, customer)

    def match(row: Row, asked: forms.Form) -> bool:
        return True  # they were chosen by the customer already

    shape = {"customer": forms.text}
    return page(local, rows, form, "/v1/entitlements/active_entitlements", shape, match=match, required=("customer",))


def announce(local: "Local", customer: str) -> None:
    """Say what a customer is entitled to, if that is not what was said last."""
    rows = active(local, customer)
    said = [row["lookup_key"] for row in rows]
    owner = local.store.kinds["customer"][customer]
    if said == owner.get("_entitled", []):
        return
    owner["_entitled"] = said
    url = f"/v1/customer/{customer}/entitlements"
    summary = {
        "object": "entitlements.active_entitlement_summary",
        "customer": customer,
        "entitlements": {"object": "list", "data": rows, "has_more": False, "url": url},
        "livemode": False,
    }
    emit(local, "entitlements.active_entitlement_summary.updated", summary)
