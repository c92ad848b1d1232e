"""The masters that every module shares, and the abstract document."""

from modules.base.models.document import Document, DocumentLine, DocumentTax, LineKind
from modules.base.models.item import Item, ItemCategory, Unit, UnitConversion
from modules.base.models.money import Currency, ExchangeRate, PaymentTerm, PaymentTermLine
from modules.base.models.organisation import (
    Assignment,
    Company,
    Dimension,
    DimensionSet,
    DimensionSetValue,
    DimensionValue,
    MemberPerson,
    OrgUnit,
    Position,
)
from modules.base.models.party import Address, BankAccount, ContactPoint, Party, PartyRole, TaxRegistration
from modules.base.models.tax import Tax, TaxRate, TaxRule

__all__ = [
    "Address",
    "Assignment",
    "BankAccount",
    "Company",
    "ContactPoint",
    "Currency",
    "Dimension",
    "DimensionSet",
    "DimensionSetValue",
    "DimensionValue",
    "Document",
    "DocumentLine",
    "DocumentTax",
    "ExchangeRate",
    "Item",
    "ItemCategory",
    "LineKind",
    "MemberPerson",
    "OrgUnit",
    "Party",
    "PartyRole",
    "PaymentTerm",
    "PaymentTermLine",
    "Position",
    "Tax",
    "TaxRate",
    "TaxRegistration",
    "TaxRule",
    "Unit",
    "UnitConversion",
]
