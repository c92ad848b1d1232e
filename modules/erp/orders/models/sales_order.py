"""What was agreed to be sold."""

from decimal import Decimal

from django.db import models
from django.utils.translation import gettext_lazy as _
from tessera.api import OrGreatest, search_index

from modules.erp.orders.models.quote import Quote
from modules.erp.orders.models.selling import SellingDocument, SellingLine, SellingTax


class SalesOrder(SellingDocument):
    """An order of a customer. How far it is delivered and invoiced follows from line links, never from a column.

    `history` marks an order that ended before it was brought in: nothing moves or is booked for it.
    """

    class State(models.TextChoices):
        DRAFT = "draft", _("draft")
        CONFIRMED = "confirmed", _("confirmed")
        CLOSED = "closed", _("closed")
        CANCELLED = "cancelled", _("cancelled")

    # From confirmed to confirmed: an edit of the order in force passes the gates like its first confirmation.
    MOVES = {
        ("draft", "confirmed"),
        ("draft", "cancelled"),
        ("confirmed", "confirmed"),
        ("confirmed", "cancelled"),
        ("confirmed", "closed"),
    }

    quote = models.ForeignKey(
        Quote, on_delete=models.PROTECT, null=True, blank=True, db_index=False, related_name="orders", verbose_name=_("quote")
    )
    quote_revision = models.PositiveIntegerField(_("revision of the quote"), null=True, blank=True, editable=False)
    history = models.BooleanField(_("history"), default=False, editable=False)
    delivered_at = models.DateTimeField(_("wholly delivered at"), null=True, blank=True, editable=False)

    class Meta(SellingDocument.Meta):
        verbose_name = _("sales order")
        verbose_name_plural = _("sales orders")
        constraints = [
            *SellingDocument.Meta.constraints,
            models.UniqueConstraint(fields=["quote", "quote_revision"], name="sales_order_once_per_revision"),
            models.CheckConstraint(
                condition=models.Q(quote__isnull=True, quote_revision__isnull=True)
                | models.Q(quote__isnull=False, quote_revision__isnull=False),
                name="sales_order_names_the_revision",
            ),
            models.CheckConstraint(
                condition=models.Q(history=False) | models.Q(state="closed"), name="sales_order_history_is_closed"
            ),
        ]
        indexes = [
            models.Index(fields=["party", "id"], name="sales_order_by_party"),
            models.Index(fields=["party", "document_date", "id"], name="sales_order_by_party_and_date"),
            models.Index(fields=["quote", "id"], name="sales_order_by_quote"),
            models.Index(fields=["party", "company"], condition=models.Q(state="confirmed"), name="sales_order_open_by_party"),
            models.Index(fields=["document_date", "id"], name="sales_order_by_date"),
            models.Index(OrGreatest("number"), "id", name="sales_order_by_number"),
            models.Index(fields=["gross_total", "id"], name="sales_order_by_total"),
            search_index("number", "reference", "external_id", name="sales_order_search"),
        ]


class SalesOrderLine(SellingLine):
    """A line of a sales order."""

    document = models.ForeignKey(SalesOrder, on_delete=models.CASCADE, related_name="lines", verbose_name=_("sales order"))

    class Meta(SellingLine.Meta):
        verbose_name = _("sales order line")
        verbose_name_plural = _("sales order lines")
        indexes = [
            models.Index(fields=["position", "id"], name="sales_order_line_by_position"),
            models.Index(OrGreatest("requested_date"), "id", name="sales_order_line_by_request"),
            search_index("description", name="sales_order_line_search"),
        ]

    @property
    def wanted(self) -> Decimal:
        """Return what is still to be had of the line in all: its quantity less what was cancelled, in base units."""
        return self.base_quantity - self.cancelled_quantity


class SalesOrderTax(SellingTax):
    """A tax row of a sales order line."""

    document = models.ForeignKey(SalesOrder, on_delete=models.CASCADE, related_name="taxes", verbose_name=_("sales order"))
    line = models.ForeignKey(SalesOrderLine, on_delete=models.CASCADE, related_name="taxes", verbose_name=_("line"))

    class Meta(SellingTax.Meta):
        verbose_name = _("sales order tax")
        verbose_name_plural = _("sales order taxes")
        constraints = [models.UniqueConstraint(fields=["line", "tax"], name="sales_order_tax_once")]
