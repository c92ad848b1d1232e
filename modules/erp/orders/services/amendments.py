"""How an order in force may change: never below what is done, never at another price for what is done."""

from dataclasses import dataclass, field
from decimal import Decimal
from uuid import UUID

from django.utils.translation import gettext as _
from tessera.api import Problem, Refused, new_id, round_to

from modules.base.api import apply_taxes
from modules.erp.orders.models import SalesOrderLine
from modules.erp.orders.services.lines import Built, LineTerms
from modules.erp.orders.services.prices import PRICE_DECIMALS

QUANTITY_DECIMALS = 6


@dataclass
class Amendment:
    """What an edit means: lines that are gone, and pairs of a line and the one that took over its rest."""

    removed: list[SalesOrderLine] = field(default_factory=list)
    replaced: list[tuple[SalesOrderLine, SalesOrderLine]] = field(default_factory=list)


def amend(built: Built[SalesOrderLine], removed: list[SalesOrderLine], done: dict[UUID, Decimal]) -> Amendment:
    """Check an edit against what is done, split lines whose price changes, and return what it means.

    `done` is what is delivered or invoiced per line, in base units.
    """
    change = Amendment(removed=removed)
    problems: list[Problem] = []
    lines: list[SalesOrderLine] = []
    if not built.lines:
        problems.append(Problem("REQUIRED", _("An order in force keeps a line; cancel or short-close it instead."), ("lines",)))
    for line in removed:
        if done.get(line.pk):
            problems.append(Problem("LIMIT", _("A line that is delivered or invoiced in part stays."), ("lines",)))
    for place, line in enumerate(built.lines):
        lines.append(line)
        before = built.before.get(line.pk)
        if before is None:
            continue
        already = done.get(line.pk, Decimal(0))
        problem = _problem(line, before, already, _taxes(built, line))
        if problem:
            problems.append(Problem(problem.code, problem.message, ("lines", str(place), *problem.field)))
        elif already and _price_changes(line, before, _taxes(built, line)):
            lines.append(_split(built, line, before, already))
            change.replaced.append((line, lines[-1]))
    if problems:
        raise Refused.of(problems)
    built.lines = lines
    for position, line in enumerate(lines, start=1):
        line.position = position
    return change


def _taxes(built: Built[SalesOrderLine], line: SalesOrderLine) -> frozenset[UUID]:
    return frozenset(applied.tax.pk for applied in built.taxes.get(line.pk, ()))


def _price_changes(line: SalesOrderLine, before: LineTerms, taxes: frozenset[UUID]) -> bool:
    return (line.unit_price, line.discount, taxes) != (before.unit_price, before.discount, before.taxes)


def _problem(line: SalesOrderLine, before: LineTerms, done: Decimal, taxes: frozenset[UUID]) -> Problem | None:
    if (line.kind, line.fulfilment, line.item_id) != (before.kind, before.fulfilment, before.item):
        return Problem("STATE", _("A line in force keeps its kind and item; remove it and add another one."), ("item",))
    if not done:
        return None
    if line.unit_id != before.unit:
        return Problem("STATE", _("A line that is delivered or invoiced in part keeps its unit."), ("unit",))
    if line.base_quantity < done:
        return Problem("LIMIT", _("This is less than what is delivered or invoiced."), ("quantity",))
    if line.base_quantity == done and _price_changes(line, before, taxes):
        return Problem("STATE", _("What is delivered or invoiced keeps its price."), ("unit_price",))
    return None


def _split(built: Built[SalesOrderLine], line: SalesOrderLine, before: LineTerms, done: Decimal) -> SalesOrderLine:
    """Leave what is done on the line at its old price; return a new line with the rest at the new one."""
    rest = SalesOrderLine(
        **{field.attname: getattr(line, field.attname) for field in line._meta.concrete_fields if field.attname not in _OWN}
    )
    rest.id = new_id()
    rest.base_quantity = line.base_quantity - done
    rest.quantity, rest.unit_id, rest.unit_price = _in_unit(line, rest.base_quantity, line.unit_price)
    built.taxes[rest.pk] = built.taxes.get(line.pk, [])
    line.quantity, line.unit_id, line.unit_price = _in_unit(line, done, before.unit_price)
    line.base_quantity, line.discount = done, before.discount
    line.price_trace = line.price_trace | {"unit_price": str(line.unit_price), "discount": str(line.discount)}
    built.taxes[line.pk] = list(apply_taxes(before.taxes, line.document.document_date).values())
    return rest


_OWN = {"id", "version", "created_at", "updated_at"}


def _in_unit(line: SalesOrderLine, base: Decimal, price: Decimal) -> tuple[Decimal, UUID, Decimal]:
    """Return quantity, unit and price of a part: in the line's unit where that is exact, else in the base unit."""
    quantity = round_to(base * line.quantity / line.base_quantity, QUANTITY_DECIMALS)
    if quantity * line.base_quantity == base * line.quantity:
        return quantity, line.unit_id, price
    return base, line.item.unit_id, round_to(price * line.quantity / line.base_quantity, PRICE_DECIMALS)
