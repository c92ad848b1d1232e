"""Who is billed: name, e-mail, address, and tax numbers."""

from collections.abc import Iterator
from dataclasses import dataclass

import stripe
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.utils.translation import gettext as _
from tessera.errors import Problem, Refused
from tessera.service import service

from billing.gateway.contacts import SeenTaxId, add_tax_id, read_contact, read_tax_ids, remove_tax_id, update_contact
from billing.mirror.customers import customer_of
from billing.models import Customer
from billing.permissions import BILLING_MANAGE
from billing.services.company import answered, buyer, company, make_customer, speaker
from billing.services.instructions import begin, finish, refuse

LONGEST = 200


@dataclass(frozen=True, kw_only=True)
class BillingContact:
    """Who invoices are made out to; `country` is an ISO code of two letters."""

    name: str
    email: str
    line1: str
    line2: str
    city: str
    state: str
    postal_code: str
    country: str


@dataclass(frozen=True, kw_only=True)
class BillingTaxId:
    """A tax number that invoices show; `status` is what its registry says: pending, verified, unverified or unavailable."""

    id: str
    type: str
    value: str
    country: str
    status: str


def billing_contact() -> BillingContact | None:
    """Show who the company's invoices are made out to, null before a first checkout."""
    customer = buyer()
    return _contact_of(customer) if customer else None


def _contact_of(customer: Customer) -> BillingContact:
    with answered():
        seen = read_contact(str(customer.stripe_id))
    return BillingContact(name=seen.name, email=seen.email, **seen.address)


@service(permission=BILLING_MANAGE, steps=True, while_read_only=True)
def set_contact(
    *,
    name: str,
    email: str,
    line1: str = "",
    line2: str = "",
    city: str = "",
    state: str = "",
    postal_code: str = "",
    country: str = "",
) -> BillingContact:
    """Say who the company's invoices are made out to; what is left out is empty then.

    Refused, each with its field: REQUIRED without name or e-mail, INVALID for what is none or too long.
    """
    address = {
        "line1": line1,
        "line2": line2,
        "city": city,
        "state": state,
        "postal_code": postal_code,
        "country": country.upper(),
    }
    tenant = company()
    if problems := [*_problems(name, email, address)]:
        raise Refused.of(problems)
    customer = make_customer(tenant)
    asked = {"name": name, "email": email, "address": address}
    with answered():
        instruction = begin(customer=customer, act="contact", asked=asked, by=speaker())
        try:
            update_contact(key=instruction.pk, customer=str(customer.stripe_id), name=name, email=email, address=address)
        except stripe.InvalidRequestError as error:
            refuse(instruction, str(error))
            field = (error.param or "").rpartition("[")[2].removesuffix("]")
            raise Refused(
                "INVALID", error.user_message or str(error), *([field] if field in {*asked, *address} else [])
            ) from error
        finish(instruction, follows=False)
    return _contact_of(customer)


def _problems(name: str, email: str, address: dict[str, str]) -> Iterator[Problem]:
    for field, value in {"name": name, "email": email, **address}.items():
        if field in ("name", "email") and not value.strip():
            yield Problem("REQUIRED", _("This is required."), (field,))
        elif len(value) > LONGEST:
            yield Problem("INVALID", _("This is too long."), (field,))
        elif field == "email" and not _is_address(value):
            yield Problem("INVALID", _("This is no e-mail address."), (field,))
        elif field == "country" and value and not (len(value) == 2 and value.isascii() and value.isalpha()):
            yield Problem("INVALID", _("Give a country as its two letters, such as DE."), (field,))


def _is_address(email: str) -> bool:
    try:
        validate_email(email)
    except ValidationError:
        return False
    return True


def billing_tax_ids() -> list[BillingTaxId]:
    """List the company's tax numbers."""
    customer = buyer()
    if customer is None:
        return []
    with answered():
        return [_told(each) for each in read_tax_ids(str(customer.stripe_id))]


def _told(seen: SeenTaxId) -> BillingTaxId:
    return BillingTaxId(id=seen.id, type=seen.type, value=seen.value, country=seen.country, status=seen.status)


@service(permission=BILLING_MANAGE, steps=True, while_read_only=True)
def add_company_tax_id(*, type: str, value: str) -> BillingTaxId:
    """Add a tax number, `type` as Stripe names it: eu_vat, cn_tin, us_ein; one that the company has already is returned.

    Refused with INVALID for an unknown type, and for a number that has not its form.
    """
    customer = make_customer(company())
    value = value.strip().upper()
    with answered():
        known = next((each for each in read_tax_ids(str(customer.stripe_id)) if (each.type, each.value) == (type, value)), None)
        if known:
            return _told(known)
        instruction = begin(customer=customer, act="tax", asked={"type": type, "value": value}, by=speaker())
        try:
            made = add_tax_id(key=instruction.pk, customer=str(customer.stripe_id), kind=type, value=value)
        except stripe.InvalidRequestError as error:
            refuse(instruction, str(error))
            field = "type" if error.param == "type" else "value"
            raise Refused("INVALID", error.user_message or str(error), field) from error
        finish(instruction, follows=False)
    return _told(made)


@service(permission=BILLING_MANAGE, steps=True, while_read_only=True)
def remove_company_tax_id(*, id: str) -> list[BillingTaxId]:
    """Take a tax number away, and return those that are left. Refused with NOT_FOUND for one that the company has not."""
    customer = customer_of(company())
    if customer is None:
        raise Refused("NOT_FOUND", _("There is no such tax number."), "id")
    with answered():
        if id not in {each.id for each in read_tax_ids(str(customer.stripe_id))}:
            raise Refused("NOT_FOUND", _("There is no such tax number."), "id")
        instruction = begin(customer=customer, act="tax", asked={"removed": id}, by=speaker())
        remove_tax_id(key=instruction.pk, customer=str(customer.stripe_id), tax_id=id)
        finish(instruction, follows=False)
    return billing_tax_ids()
