"""Masters for tests, made through base's services; the caller is inside a tenant as the system."""

from datetime import date
from decimal import Decimal

from tessera.unit_of_work import unit_of_work

from modules.base.models import Company, Item, Party, PartyRole, Tax, TaxRate, Unit
from modules.base.services import PartyRoleInput, create_company, create_party


def make_company(code: str = "HQ", currency: str = "USD", **values) -> Company:
    """Return a company of ours."""
    return create_company(code=code, name=f"{code} Ltd.", currency=currency, **values)


def make_unit(code: str = "pcs", decimals: int = 0) -> Unit:
    """Return a unit, adding it if need be."""
    found = Unit.objects.filter(code=code).first()
    if found is None:
        with unit_of_work():
            found = Unit(code=code, name=code, decimals=decimals)
            found.save()
    return found


def make_item(code: str = "TEA", unit: Unit | None = None, **values) -> Item:
    """Return an item counted in pieces."""
    with unit_of_work():
        item = Item(code=code, name=code.title(), unit=unit or make_unit(), **values)
        item.save()
    return item


def make_customer(company: Company, name: str = "Alfreds", credit_limit: Decimal | None = None) -> Party:
    """Return a party that is a customer of `company`."""
    party = create_party(name=name, roles=[PartyRoleInput(company=company, role=PartyRole.Role.CUSTOMER)])
    if credit_limit is not None:
        with unit_of_work():
            role = party.roles.get()
            role.credit_limit = credit_limit
            role.save()
    return party


def make_supplier(company: Company, name: str = "Exotic Liquids") -> Party:
    """Return a party that is a supplier of `company`."""
    return create_party(name=name, roles=[PartyRoleInput(company=company, role=PartyRole.Role.SUPPLIER)])


def make_tax(code: str = "VAT13", rate: str = "0.13", **values) -> Tax:
    """Return a tax on sales with one rate, in force since 2000."""
    with unit_of_work():
        tax = Tax(code=code, name=code, **values)
        tax.save()
        TaxRate(tax=tax, valid_from=date(2000, 1, 1), rate=Decimal(rate)).save()
    return tax


ROWS = {  # what tessera.testing.rows cannot know of a model's values
    "Party": {"merged_into": None},  # a merged one would be used no more
    "Company": {"time_zone": "Asia/Shanghai", "party": None},  # a party's unit is of a company again
    "OrgUnit": {"parent": None},  # whoever reaches a unit reaches what is below it
    "ExchangeRate": {"currency": "USD", "quote": "CNY"},
    "TaxRegistration": {"country": "CN"},
}
