"""What a line costs, and how that came about."""

from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _
from tessera.api import Refused, round_to

from modules.base.api import Conversions, Document, LineKind
from modules.erp.orders.models.selling import SellingLine
from modules.erp.orders.services.masters import Masters

PRICE_DECIMALS = 10


class Prices:
    """The prices that hold for one document; the trace on each line says where its price is from."""

    def __init__(self, document: Document, conversions: Conversions, masters: Masters) -> None:
        self.document, self.conversions, self.masters = document, conversions, masters

    def set_on(self, line: SellingLine, given: Decimal | None, keeps: bool) -> None:
        """Set the price of a line: the one given, the one it has if it `keeps` it, or the item's list price."""
        if line.kind == LineKind.TEXT:
            line.unit_price, line.price_trace = Decimal(0), {}
        elif given is not None:
            line.price_trace = self._trace(line, source="given")
        elif keeps:
            line.price_trace = line.price_trace | {"discount": plain(line.discount)}
        else:
            self._from_list(line)

    def _from_list(self, line: SellingLine) -> None:
        if line.item is None or line.item.list_price is None:
            raise Refused("REQUIRED", _("There is no list price; say what this costs."), "unit_price")
        item = line.item
        currency = item.list_price_currency or self.document.company.currency
        rate = self.masters.rate_on(currency=currency, quote=self.document.currency, on=self.document.document_date)
        factor = self.conversions.factor(item.pk, line.unit_id, item.unit_id)
        assert factor is not None  # the quantity was converted before
        exact = item.list_price * rate.rate * factor.numerator / factor.denominator
        line.unit_price = round_to(exact, PRICE_DECIMALS)
        line.price_trace = self._trace(
            line,
            source="list_price",
            list_price=plain(item.list_price),
            list_price_currency=currency,
            rate=plain(rate.rate),
            base_units_per_unit=f"{factor.numerator}/{factor.denominator}",
        )

    def _trace(self, line: SellingLine, **steps: Any) -> dict[str, str]:
        return {**steps, "unit_price": plain(line.unit_price), "discount": plain(line.discount)}


def plain(value: Decimal) -> str:
    """Return a number without the zeros that say nothing."""
    return format(value.normalize(), "f")
