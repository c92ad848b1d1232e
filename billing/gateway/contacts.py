"""Who is billed at Stripe: name, e-mail, address and tax numbers."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import stripe

from billing.gateway.client import asking, stripe_client

ADDRESS = ("line1", "line2", "city", "state", "postal_code", "country")


@dataclass(frozen=True)
class SeenContact:
    """Who invoices are made out to; what nobody told is empty."""

    name: str
    email: str
    address: dict[str, str]


@dataclass(frozen=True)
class SeenTaxId:
    """A tax number of a customer; `status` says whether its registry knows it: pending, verified, unverified or unavailable."""

    id: str
    type: str
    value: str
    country: str
    status: str


def read_contact(customer: str) -> SeenContact:
    """Return who a customer is billed as."""
    with asking():
        found = stripe_client().v1.customers.retrieve(customer).to_dict()
    address = found.get("address") or {}
    return SeenContact(found.get("name") or "", found.get("email") or "", {name: address.get(name) or "" for name in ADDRESS})


def update_contact(*, key: UUID, customer: str, name: str, email: str, address: Mapping[str, str]) -> None:
    """Set who a customer is billed as; what is empty is unset. Raises stripe.InvalidRequestError for what Stripe refuses."""
    asked: Any = {"name": name, "email": email, "address": {part: address.get(part, "") for part in ADDRESS}}
    with asking():
        stripe_client().v1.customers.update(customer, asked, {"idempotency_key": f"contact-{key}"})


def read_tax_ids(customer: str) -> list[SeenTaxId]:
    """Return the tax numbers of a customer."""
    with asking():
        found = stripe_client().v1.customers.tax_ids.list(customer, {"limit": 100})
        return [_tax_id(each) for each in found.auto_paging_iter()]


def add_tax_id(*, key: UUID, customer: str, kind: str, value: str) -> SeenTaxId:
    """Give a customer a tax number. Raises stripe.InvalidRequestError for one that has not the form of its kind."""
    asked: Any = {"type": kind, "value": value}
    with asking():
        return _tax_id(stripe_client().v1.customers.tax_ids.create(customer, asked, {"idempotency_key": f"tax-{key}"}))


def remove_tax_id(*, key: UUID, customer: str, tax_id: str) -> bool:
    """Take a tax number away from a customer; say whether it had it."""
    with asking():
        try:
            stripe_client().v1.customers.tax_ids.delete(customer, tax_id, {}, {"idempotency_key": f"tax-{key}"})
        except stripe.InvalidRequestError as error:
            if error.code != "resource_missing":
                raise
            return False
    return True


def _tax_id(thing: stripe.TaxId) -> SeenTaxId:
    verification = thing.verification
    return SeenTaxId(
        thing.id, thing.type, thing.value, thing.country or "", verification.status if verification else "unavailable"
    )
