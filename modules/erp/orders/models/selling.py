"""What quotes and orders have in common."""

from decimal import Decimal
from typing import Any

from django.db import models
from django.utils.translation import gettext_lazy as _

from modules.base.api import Document, DocumentLine, DocumentTax, LineKind

ZERO = Decimal(0)


class SellingDocument(Document):
    """A document that sells; a concrete one adds its state machine."""

    party_snapshot = models.JSONField(_("party as printed"), default=dict, blank=True, editable=False)

    class Meta(Document.Meta):
        abstract = True

    def __init__(self, *args: Any, **values: Any) -> None:
        super().__init__(*args, **values)
        self._lines: list[Any] | None = None

    def sealed_lines(self) -> list[Any]:
        """Return the lines in order of position, read once; a service takes the document anew, so it sees them as they are."""
        if self._lines is None:
            self._lines = list(super().sealed_lines())
        return self._lines

    def keep_lines(self, lines: list[Any]) -> None:
        """Take over lines that were just written."""
        self._lines = list(lines)

    def refresh_from_db(self, *args: Any, **options: Any) -> None:
        """Read the document again, and its lines when they are asked for."""
        self._lines = None
        super().refresh_from_db(*args, **options)

    def largest_discount(self) -> Decimal:
        """Return the largest discount as a fraction: of a line, or of all discount lines on what is sold."""
        lines = self.sealed_lines()
        off = -sum((line.net for line in lines if line.kind == LineKind.DISCOUNT), ZERO)
        full = sum((line.net for line in lines if line.kind in (LineKind.ITEM, LineKind.SERVICE)), ZERO)
        share = off / full if full > 0 else Decimal(off > 0)
        return max([share, *(line.discount for line in lines)])

    def approval_facts(self) -> dict[str, Decimal]:
        """Return what an approval process may set thresholds on: `amount` in company currency, `discount_percent`."""
        return super().approval_facts() | {"discount_percent": self.largest_discount() * 100}


def line_model(document: Any) -> Any:
    """Return the model of the lines of a document, or of a kind of document."""
    return document._meta.get_field("lines").related_model


def tax_model(document: Any) -> Any:
    """Return the model of the tax rows of a document, or of a kind of document."""
    return document._meta.get_field("taxes").related_model


class SellingLine(DocumentLine):
    """A line of a document that sells; a concrete line adds `document`."""

    price_trace = models.JSONField(_("how the price came about"), default=dict, blank=True, editable=False)

    class Meta(DocumentLine.Meta):
        abstract = True
        constraints = [
            *DocumentLine.Meta.constraints,
            models.CheckConstraint(condition=models.Q(quantity__gt=0), name="%(class)s_quantity_is_positive"),
            models.CheckConstraint(
                condition=models.Q(unit_price__gte=0) | models.Q(kind=LineKind.CHARGE),
                name="%(class)s_price_not_negative",
                violation_error_message=_("Only a charge may have a negative price."),
            ),
            models.CheckConstraint(
                condition=~models.Q(kind=LineKind.ITEM) | models.Q(item__isnull=False), name="%(class)s_item_is_named"
            ),
            models.CheckConstraint(
                condition=models.Q(cancelled_quantity__lte=models.F("base_quantity")), name="%(class)s_cancelled_within_quantity"
            ),
        ]

    def __str__(self) -> str:
        return self.description


class SellingTax(DocumentTax):
    """A tax row of a line of a document that sells; a concrete one adds `document` and `line`."""

    tax = models.ForeignKey("base.Tax", on_delete=models.DO_NOTHING, related_name="+", verbose_name=_("tax"))

    class Meta(DocumentTax.Meta):
        abstract = True
