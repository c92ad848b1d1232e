"""How far orders are: sums of line links, null where nobody tracks them."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal
from uuid import UUID

from tessera.api import linked, round_to

from modules.base.api import LineKind, open_receivables, reserved_quantities
from modules.erp.orders.models import SalesOrder, SalesOrderLine

ZERO = Decimal(0)
WHOLE = Decimal(100)
DELIVERED_KINDS = (SalesOrderLine.Fulfilment.STOCK, SalesOrderLine.Fulfilment.DROP_SHIP)


def stock_tracks() -> bool:
    """Say whether somebody keeps stock, so that deliveries are known."""
    return reserved_quantities.is_answered


def finance_tracks() -> bool:
    """Say whether somebody keeps receivables, so that invoices are known."""
    return open_receivables.is_answered


def goes_out(line: SalesOrderLine) -> bool:
    """Say whether a line is delivered by whoever keeps stock."""
    return line.kind == LineKind.ITEM and line.fulfilment in DELIVERED_KINDS


def is_invoiced(line: SalesOrderLine) -> bool:
    """Say whether a line is ever invoiced from the order."""
    return line.invoicing != SalesOrderLine.Invoicing.NONE and line.kind not in (LineKind.TEXT, LineKind.ADVANCE)


@dataclass
class OrderProgress:
    """The lines of one order with what is done of each in base units; None where nobody tracks it."""

    lines: list[SalesOrderLine] = field(default_factory=list)
    delivered: dict[UUID, Decimal] | None = None
    invoiced: dict[UUID, Decimal] | None = None

    def delivered_of(self, line: SalesOrderLine) -> Decimal:
        return (self.delivered or {}).get(line.pk, ZERO)

    def invoiced_of(self, line: SalesOrderLine) -> Decimal:
        return (self.invoiced or {}).get(line.pk, ZERO)

    @property
    def anything_delivered(self) -> bool:
        return any(self.delivered_of(line) > 0 for line in self.lines)

    @property
    def anything_done(self) -> bool:
        return self.anything_delivered or any(self.invoiced_of(line) > 0 for line in self.lines)

    @property
    def percent_delivered(self) -> Decimal | None:
        """Return how much of the goods left, by quantity, or None when nobody tracks it or nothing goes out."""
        out = [line for line in self.lines if goes_out(line)]
        if self.delivered is None or not out:
            return None
        if all(self.delivered_of(line) >= line.wanted * (1 - line.under_tolerance) for line in out):
            return WHOLE
        return _percent(
            sum((min(self.delivered_of(line), line.wanted) for line in out), ZERO), sum((line.wanted for line in out), ZERO)
        )

    @property
    def percent_invoiced(self) -> Decimal | None:
        """Return how much is invoiced, by net amount, or None when nobody tracks it or nothing is invoiced from here."""
        lines = [line for line in self.lines if is_invoiced(line)]
        if self.invoiced is None or not lines:
            return None
        if all(self.invoiced_of(line) >= self.to_invoice(line) for line in lines):
            return WHOLE
        parts = [(abs(line.net), min(self.invoiced_of(line), self.to_invoice(line)), self.to_invoice(line)) for line in lines]
        done = sum((net * part / whole for net, part, whole in parts if whole), ZERO)
        return _percent(done, sum((net for net, _, whole in parts if whole), ZERO))

    def to_invoice(self, line: SalesOrderLine) -> Decimal:
        """Return what is to be invoiced of a line in all: what was wanted, or what left where that is settled or more."""
        if not (self.delivered is not None and goes_out(line) and line.invoicing == SalesOrderLine.Invoicing.DELIVERED):
            return line.wanted
        delivered = self.delivered_of(line)
        settled = delivered >= line.wanted * (1 - line.under_tolerance)
        return delivered if settled else line.wanted

    @property
    def is_complete(self) -> bool:
        """Say whether each tracked percent is 100."""
        return all(percent in (None, WHOLE) for percent in (self.percent_delivered, self.percent_invoiced))


def progress_of(orders: Iterable[UUID]) -> dict[UUID, OrderProgress]:
    """Return the progress of orders by id, in three statements for any number of them."""
    found = {key: OrderProgress() for key in orders}
    lines = list(SalesOrderLine.objects.filter(document__in=found).order_by("document_id", "position", "id"))
    keys = [line.pk for line in lines]
    delivered = linked(keys, "fulfils") if stock_tracks() else None
    invoiced = linked(keys, "invoices") if finance_tracks() else None
    for line in lines:
        found[line.document_id].lines.append(line)
    for progress in found.values():
        progress.delivered, progress.invoiced = delivered, invoiced
    return found


def _percent(part: Decimal, whole: Decimal) -> Decimal:
    """Return a percentage of what is not complete: never 100."""
    return min(round_to(part / whole * 100, 2), Decimal("99.99")) if whole else ZERO


def _with_history(ids: list[UUID], name: str) -> dict[UUID, Decimal | None]:
    """Return a percent per order; of history nobody kept track."""
    history = set(SalesOrder.objects.filter(pk__in=ids, history=True).values_list("pk", flat=True))
    progress = progress_of(key for key in ids if key not in history)
    return {key: None if key in history else getattr(progress[key], name) for key in ids}


def percents_delivered(*, ids: list[UUID]) -> dict[UUID, Decimal | None]:
    """Return the delivered percent (0 to 100) per order."""
    return _with_history(ids, "percent_delivered")


def percents_invoiced(*, ids: list[UUID]) -> dict[UUID, Decimal | None]:
    """Return the invoiced percent (0 to 100) per order."""
    return _with_history(ids, "percent_invoiced")


def delivered_quantities(*, ids: list[UUID]) -> dict[UUID, Decimal | None]:
    """Return the delivered base quantity per order line."""
    found = linked(ids, "fulfils") if stock_tracks() else None
    return {key: None if found is None else found.get(key, ZERO) for key in ids}


def invoiced_quantities(*, ids: list[UUID]) -> dict[UUID, Decimal | None]:
    """Return the invoiced base quantity per order line."""
    found = linked(ids, "invoices") if finance_tracks() else None
    return {key: None if found is None else found.get(key, ZERO) for key in ids}


def reserved_of_lines(*, ids: list[UUID]) -> dict[UUID, Decimal | None]:
    """Return the hard reserved base quantity per order line."""
    found = reserved_quantities(lines=ids)
    return {key: None if found is None else found.get(key, ZERO) for key in ids}


def backordered_quantities(*, ids: list[UUID]) -> dict[UUID, Decimal | None]:
    """Return, per line of a confirmed order, what is neither delivered nor reserved; None where nobody keeps stock."""
    found: dict[UUID, Decimal | None] = dict.fromkeys(ids)
    reserved = reserved_quantities(lines=ids)
    if reserved is None:
        return found
    delivered = linked(ids, "fulfils")
    for line in SalesOrderLine.objects.filter(pk__in=ids, document__state=SalesOrder.State.CONFIRMED):
        if goes_out(line):
            found[line.pk] = max(line.wanted - delivered.get(line.pk, ZERO) - reserved.get(line.pk, ZERO), ZERO)
    return found
