"""From what is asked for to priced lines: checked, converted, priced, taxed; nothing is saved here."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any, Generic, TypeVar
from uuid import UUID

from django.utils.translation import gettext as _
from tessera.api import Problem, Refused

from modules.base.api import (
    AppliedTax,
    Document,
    DocumentLine,
    Item,
    LineKind,
    Tax,
    TaxAmount,
    Unit,
    apply_taxes,
    price_document,
)
from modules.erp.orders.models import QuoteLine, SalesOrderLine
from modules.erp.orders.models.selling import SellingLine, line_model
from modules.erp.orders.services.headers import country_of
from modules.erp.orders.services.masters import Masters
from modules.erp.orders.services.prices import Prices

L = TypeVar("L", bound=SellingLine)
Fulfilment, Invoicing = DocumentLine.Fulfilment, DocumentLine.Invoicing
GOODS_DEFAULTS = (Fulfilment.STOCK, Invoicing.DELIVERED)
DEFAULTS = {
    LineKind.ITEM: GOODS_DEFAULTS,
    LineKind.SERVICE: (Fulfilment.SERVICE, Invoicing.ORDERED),
    LineKind.CHARGE: (Fulfilment.MANUAL, Invoicing.ORDERED),
    LineKind.DISCOUNT: (Fulfilment.MANUAL, Invoicing.ORDERED),
    LineKind.TEXT: (Fulfilment.MANUAL, Invoicing.NONE),
}
LIMITS = {"quantity": (18, 6), "unit_price": (14, 10), "discount": (3, 6), "over_tolerance": (3, 6), "under_tolerance": (3, 6)}


@dataclass(frozen=True, kw_only=True)
class SellingLineInput:
    """A line as it is asked for; what is left out is taken from the line that is kept, else from the item.

    `discount` and the tolerances are fractions (0.15 is 15 %). Without a price, the item's list price
    is taken; without taxes, those that the tax rules choose.
    """

    kind: LineKind | None = None
    item: Item | None = None
    description: str | None = None
    quantity: Decimal | None = None
    unit: Unit | None = None
    unit_price: Decimal | None = None
    discount: Decimal | None = None
    taxes: list[Tax] | None = None
    requested_date: date | None = None
    promised_date: date | None = None
    fulfilment: DocumentLine.Fulfilment | None = None
    invoicing: DocumentLine.Invoicing | None = None
    over_tolerance: Decimal | None = None
    under_tolerance: Decimal | None = None


@dataclass(frozen=True, kw_only=True)
class QuoteLineInput(SellingLineInput):
    """A line of a quote; `line` names the one it changes, without it the line is new."""

    line: QuoteLine | None = None


@dataclass(frozen=True, kw_only=True)
class SalesOrderLineInput(SellingLineInput):
    """A line of a sales order; `line` names the one it changes, without it the line is new."""

    line: SalesOrderLine | None = None


@dataclass(frozen=True)
class LineTerms:
    """What was agreed of a line before it was changed."""

    kind: str
    fulfilment: str
    item: UUID | None
    unit: UUID | None
    quantity: Decimal
    base_quantity: Decimal
    unit_price: Decimal
    discount: Decimal
    taxes: frozenset[UUID]

    @classmethod
    def of(cls, line: SellingLine) -> "LineTerms":
        taxes = frozenset(row.tax_id for row in line.taxes.all())  # type: ignore[attr-defined]
        return cls(
            kind=line.kind,
            fulfilment=line.fulfilment,
            item=line.item_id,
            unit=line.unit_id,
            quantity=line.quantity,
            base_quantity=line.base_quantity,
            unit_price=line.unit_price,
            discount=line.discount,
            taxes=taxes,
        )


@dataclass
class Built(Generic[L]):
    """The lines of a document as they shall be, in order, with the taxes of each; `before` is by kept line."""

    lines: list[L] = field(default_factory=list)
    taxes: dict[UUID, list[AppliedTax]] = field(default_factory=dict)
    before: dict[UUID, LineTerms] = field(default_factory=dict)


def build_lines(document: Document, inputs: Sequence[Any], kept: dict[UUID, L], masters: Masters) -> Built[L]:
    """Return lines for `inputs`; `kept` are the document's present lines by id. Refuses with every problem found."""
    model: type[L] = line_model(document)
    problems: list[Problem] = []
    built: Built[L] = Built()
    seen: set[UUID] = set()
    for place, wanted in enumerate(inputs):
        at = ("lines", str(place))
        line = model(document=document)
        if wanted.line is not None:
            if wanted.line.pk not in kept or wanted.line.pk in seen:
                problems.append(Problem("NOT_FOUND", _("This is no line of the document."), (*at, "line")))
                continue
            seen.add(wanted.line.pk)
            line = kept[wanted.line.pk]
            built.before[line.pk] = LineTerms.of(line)
        _describe(line, wanted)
        line.position = place + 1
        problems += [Problem(found.code, found.message, (*at, *found.field)) for found in _check(line)]
        built.lines.append(line)
    if problems:
        raise Refused.of(problems)
    _convert_and_price(document, built, inputs, masters)
    _tax(document, built, inputs, masters)
    return built


def total(document: Document, built: Built[L]) -> list[TaxAmount]:
    """Set nets, gross amounts and totals; return the tax rows to be written."""
    return price_document(document, built.lines, built.taxes, document.company.currency)


def _describe(line: SellingLine, wanted: SellingLineInput) -> None:
    fresh = line._state.adding
    if wanted.item is not None:
        line.item = wanted.item
    if wanted.kind is not None or fresh:
        line.kind = wanted.kind or _kind_of(line.item)
        line.fulfilment, line.invoicing = DEFAULTS.get(LineKind(line.kind), GOODS_DEFAULTS)
    for name in (
        "quantity",
        "unit",
        "discount",
        "requested_date",
        "promised_date",
        "fulfilment",
        "invoicing",
        "over_tolerance",
        "under_tolerance",
    ):
        if (value := getattr(wanted, name)) is not None:
            setattr(line, name, value)
    if line.unit_id is None and line.item is not None:
        line.unit_id = line.item.unit_id
    if wanted.description is not None or fresh:
        line.description = wanted.description or (line.item.name if line.item else "")
    if wanted.unit_price is not None:
        line.unit_price = wanted.unit_price


def _kind_of(item: Item | None) -> LineKind:
    if item is None:
        return LineKind.CHARGE
    return LineKind.SERVICE if item.kind == Item.Kind.SERVICE else LineKind.ITEM


def _check(line: SellingLine) -> list[Problem]:
    problems: list[Problem] = []
    for name, (whole, places) in LIMITS.items():
        value = Decimal(getattr(line, name))
        setattr(line, name, value)
        if not value.is_finite() or abs(value) >= 10**whole or value != round(value, places):
            problems.append(Problem("INVALID", _("This number is not allowed here."), (name,)))
            return problems
    if line.quantity <= 0:
        problems.append(Problem("INVALID", _("A quantity is greater than zero."), ("quantity",)))
    if not 0 <= line.discount <= 1:
        problems.append(Problem("INVALID", _("A discount is a fraction between 0 and 1."), ("discount",)))
    if line.unit_price < 0 and line.kind != LineKind.CHARGE:
        problems.append(Problem("INVALID", _("Only a charge may have a negative price."), ("unit_price",)))
    if line.over_tolerance < 0 or not 0 <= line.under_tolerance <= 1:
        problems.append(Problem("INVALID", _("A tolerance is a fraction, and not negative."), ("over_tolerance",)))
    if line.kind == LineKind.ADVANCE:
        problems.append(Problem("INVALID", _("An advance is invoiced, not ordered."), ("kind",)))
    if line.kind == LineKind.ITEM and line.item is None:
        problems.append(Problem("REQUIRED", _("Say which item."), ("item",)))
    brought_in = line.document.origin == Document.Origin.IMPORT  # it was agreed elsewhere, while the item was sold
    if line.item is not None and not line.item.active and line._state.adding and not brought_in:
        problems.append(Problem("INVALID", _("This item is no longer sold."), ("item",)))
    if not line.description:
        problems.append(Problem("REQUIRED", _("Say what the line is for."), ("description",)))
    return problems


def _convert_and_price(document: Document, built: Built[Any], inputs: Sequence[Any], masters: Masters) -> None:
    conversions = masters.conversions_of({line.item for line in built.lines if line.item is not None})
    prices = Prices(document, conversions, masters)
    problems: list[Problem] = []
    for place, (line, wanted) in enumerate(zip(built.lines, inputs, strict=True)):
        try:
            line.base_quantity = conversions.base_quantity(line.item, line.quantity, line.unit_id) if line.item else line.quantity
            if line.base_quantity <= 0:
                raise Refused("INVALID", _("This is nothing in the item's base unit."), "quantity")
            before = built.before.get(line.pk)
            keeps_price = before is not None and (before.item, before.unit) == (line.item_id, line.unit_id)
            prices.set_on(line, wanted.unit_price, keeps_price)
        except Refused as refusal:
            problems += refusal.within("lines", str(place)).problems
    if problems:
        raise Refused.of(problems)


def _tax(document: Document, built: Built[Any], inputs: Sequence[Any], masters: Masters) -> None:
    """Take the taxes that a line names, else those it has, else those that the rules choose."""
    named: dict[UUID, list[UUID]] = {}
    for line, wanted in zip(built.lines, inputs, strict=True):
        if wanted.taxes is not None:
            named[line.pk] = [tax.pk for tax in wanted.taxes]
        elif (before := built.before.get(line.pk)) and before.item == line.item_id:
            named[line.pk] = sorted(before.taxes)
    day = document.document_date
    applied = apply_taxes({tax for taxes in named.values() for tax in taxes}, day)
    chosen: dict[str, AppliedTax | None] = {}
    if unnamed := [line for line in built.lines if line.pk not in named]:
        role = masters.role_of(document.party_id)
        chosen = masters.tax_rules.choose(
            country=country_of(document),
            tax_status=role.tax_status if role else "",
            tax_categories={_tax_category(line) for line in unnamed},
            on=day,
        )
    problems: list[Problem] = []
    for place, line in enumerate(built.lines):
        if line.pk in named:
            missing = [tax for tax in named[line.pk] if tax not in applied]
            if missing:
                problems.append(Problem("INVALID", _("This tax has no rate on that day."), ("lines", str(place), "taxes")))
            built.taxes[line.pk] = [applied[tax] for tax in named[line.pk] if tax in applied]
        elif tax := chosen.get(_tax_category(line)):
            built.taxes[line.pk] = [tax]
    if problems:
        raise Refused.of(problems)


def _tax_category(line: SellingLine) -> str:
    return line.item.tax_category if line.item else ""
