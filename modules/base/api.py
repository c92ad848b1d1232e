"""What other modules may use of the base."""

from modules.base.models import (
    Address,
    Company,
    Currency,
    DimensionSet,
    Document,
    DocumentLine,
    DocumentTax,
    ExchangeRate,
    Item,
    ItemCategory,
    LineKind,
    OrgUnit,
    Party,
    PartyRole,
    PaymentTerm,
    Tax,
    Unit,
)

__all__ = [name for name in dir() if not name.startswith("_")]
