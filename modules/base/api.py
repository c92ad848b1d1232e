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
from modules.base.ports import (
    Billable,
    BillableLine,
    Demand,
    MoveValued,
    ValueSplit,
    apply_cost_difference,
    available_quantity,
    billable,
    is_period_open,
    open_receivables,
    reserved_quantities,
    stock_values,
    unbilled_orders,
)

__all__ = [name for name in dir() if not name.startswith("_")]
