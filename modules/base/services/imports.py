"""Rows of masters as they come from another system, and what takes them."""

from dataclasses import dataclass
from decimal import Decimal

from django.utils.translation import gettext as _
from tessera.api import Refused, service

from modules.base.models import Address, Company, ContactPoint, Item, ItemCategory, Party, PartyRole, Unit
from modules.base.services.organisation import ensure_currency
from modules.base.services.parties import AddressInput, ContactPointInput, PartyRoleInput, create_party


@dataclass(frozen=True, kw_only=True)
class CategoryRow:
    """A category of items; `parent` by its code."""

    code: str
    name: str
    parent: ItemCategory | None = None
    note: str = ""


@dataclass(frozen=True, kw_only=True)
class PartyRow:
    """A customer or supplier with its main address, contact and numbers."""

    company: Company
    code: str
    name: str
    role: PartyRole.Role = PartyRole.Role.CUSTOMER
    contact_name: str = ""
    contact_title: str = ""
    street: str = ""
    city: str = ""
    region: str = ""
    postal_code: str = ""
    country: str = ""
    phone: str = ""
    fax: str = ""
    email: str = ""
    web: str = ""
    tax_country: str = ""
    tax_number: str = ""
    credit_limit: Decimal | None = None


@dataclass(frozen=True, kw_only=True)
class ItemRow:
    """An item with its price; unit, category and supplier by their codes."""

    code: str
    name: str
    unit: Unit
    category: ItemCategory | None = None
    supplier: Party | None = None
    list_price: Decimal | None = None
    currency: str = ""
    description: str = ""
    tax_category: str = ""
    cost_method: Item.CostMethod = Item.CostMethod.AVERAGE
    active: bool = True


@service(permission="base.item_category_create")
def import_category(*, code: str, name: str, parent: ItemCategory | None, note: str) -> ItemCategory:
    """Take one category."""
    category = ItemCategory(code=code, name=name, parent=parent, note=note)
    category.save()
    return category


@service(permission="base.party_create")
def import_party(
    *,
    company: Company,
    code: str,
    name: str,
    role: PartyRole.Role,
    contact_name: str,
    contact_title: str,
    street: str,
    city: str,
    region: str,
    postal_code: str,
    country: str,
    phone: str,
    fax: str,
    email: str,
    web: str,
    tax_country: str,
    tax_number: str,
    credit_limit: Decimal | None,
) -> Party:
    """Take one party; its contact becomes a person who works for it."""
    kinds = ContactPoint.Kind
    points = {kinds.PHONE: phone, kinds.FAX: fax, kinds.EMAIL: email, kinds.WEB: web}
    place = {"street": street, "city": city, "region": region, "postal_code": postal_code, "country": country}
    party = create_party(
        name=name,
        code=code,
        addresses=[AddressInput(kind=Address.Kind.MAIN, **place)] if any(place.values()) else None,
        contact_points=[ContactPointInput(kind=kind, value=value) for kind, value in points.items() if value],
        roles=[PartyRoleInput(company=company, role=role)],
        tax_country=tax_country,
        tax_number=tax_number,
        origin="import",
        external_id=code,
    )
    if credit_limit is not None:
        customer = party.roles.get()
        customer.credit_limit = credit_limit
        customer.save()
    if contact_name:
        create_party(name=contact_name, kind=Party.Kind.PERSON, employer=party, note=contact_title)
    return party


@service(permission="base.item_create")
def import_item(
    *,
    code: str,
    name: str,
    unit: Unit,
    category: ItemCategory | None,
    supplier: Party | None,
    list_price: Decimal | None,
    currency: str,
    description: str,
    tax_category: str,
    cost_method: Item.CostMethod,
    active: bool,
) -> Item:
    """Take one item."""
    if list_price is not None:
        if list_price < 0:
            raise Refused("INVALID", _("A price is not negative."), "list_price")
        if not currency:
            raise Refused("REQUIRED", _("A price needs its currency."), "currency")
        ensure_currency(currency)
    item = Item(
        code=code,
        name=name,
        unit=unit,
        category=category,
        supplier=supplier,
        list_price=list_price,
        list_price_currency=currency,
        description=description,
        tax_category=tax_category,
        cost_method=cost_method,
        active=active,
        origin="import",
        external_id=code,
    )
    item.save()
    return item
