"""What stock answers when others ask."""

from datetime import date
from decimal import Decimal
from uuid import UUID

from modules.base.api import (
    GoodsMoved,
    ValueSplit,
    apply_cost_difference,
    available_quantity,
    expected_quantities,
    goods_moved,
    item_has_moved,
    reserved_quantities,
    stock_values,
)
from modules.scm.stock import selectors, services


@available_quantity.answer
def available(*, item: UUID, company: UUID, warehouse: UUID | None = None) -> Decimal | None:
    """Count what lies in storage and is not reserved."""
    return selectors.available(item=item, company=company, warehouse=warehouse)


@reserved_quantities.answer
def reserved(*, lines: list[UUID]) -> dict[UUID, Decimal] | None:
    """Sum the hard reservations of each line."""
    return selectors.reserved_by_line(lines)


@stock_values.answer
def values(*, company: UUID) -> dict[UUID, Decimal] | None:
    """Read the cost pools."""
    return selectors.values_by_item(company)


@goods_moved.answer
def moved(*, company: UUID) -> list[GoodsMoved]:
    """Sum the moves from suppliers and to customers."""
    return selectors.goods_moved(company)


@expected_quantities.answer
def expected(*, lines: list[UUID]) -> dict[UUID, Decimal]:
    """Read the lines of receipts and of deliveries that a supplier makes."""
    return selectors.expected_of(lines)


@item_has_moved.answer
def has_moved(*, item: UUID) -> bool:
    """Look for a move."""
    return selectors.has_moved(item)


@apply_cost_difference.answer
def split_difference(*, receipt_line: UUID, amount: Decimal, reason: str, effective_date: date) -> ValueSplit | None:
    """Put the difference on the goods that are here and on those that left."""
    return services.apply_difference(
        receipt_line=receipt_line, amount=amount, reason=reason, effective_date=effective_date, cause="finance"
    )
