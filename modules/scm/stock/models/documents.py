"""The documents that move goods: receipts, deliveries, transfers and counts."""

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy
from tessera.api import OrGreatest, QuantityField, search_index

from modules.base.api import Document, DocumentLine
from modules.scm.stock.models.demands import StockDemand
from modules.scm.stock.models.places import Location, Lot, Warehouse


class StockDocument(Document):
    """A document that moves goods when it is done; after that only a return takes goods back."""

    MOVES = {("draft", "ready"), ("ready", "done"), ("draft", "cancelled"), ("ready", "cancelled")}

    party = models.ForeignKey(
        "base.Party", on_delete=models.DO_NOTHING, null=True, blank=True, related_name="+", verbose_name=_("party")
    )
    done_at = models.DateTimeField(_("done at"), null=True, editable=False)

    class Meta(Document.Meta):
        abstract = True
        indexes = [
            models.Index(OrGreatest("number"), "id", name="%(class)s_by_number"),
            models.Index(fields=["document_date", "id"], name="%(class)s_by_date"),
        ]


class StockLine(DocumentLine):
    """A line of a stock document: goods of one item and lot."""

    lot = models.ForeignKey(Lot, on_delete=models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("lot"))

    class Meta(DocumentLine.Meta):
        abstract = True
        constraints = [
            *DocumentLine.Meta.constraints,
            models.CheckConstraint(condition=Q(quantity__gt=0), name="%(class)s_of_something"),
            models.UniqueConstraint(fields=["document", "position"], name="%(class)s_position_once"),
        ]
        indexes = [models.Index(fields=["position", "id"], name="%(class)s_by_position")]


class ReceiptKind(models.TextChoices):
    """Where received goods come from."""

    SUPPLIER = "supplier", pgettext_lazy("receipt", "from a supplier")
    OPENING = "opening", _("opening stock")
    RETURN = "return", pgettext_lazy("receipt", "back from a customer")


class Receipt(StockDocument):
    """Goods come in: from a supplier, as opening stock, or back from a customer."""

    kind = models.CharField(_("kind"), max_length=10, choices=ReceiptKind.choices, default=ReceiptKind.SUPPLIER)
    warehouse = models.ForeignKey(Warehouse, on_delete=models.PROTECT, related_name="+", verbose_name=_("warehouse"))

    class Meta(StockDocument.Meta):
        verbose_name = _("goods receipt")
        verbose_name_plural = _("goods receipts")
        indexes = [*StockDocument.Meta.indexes, search_index("number", "reference", name="receipt_search")]


class ReceiptLine(StockLine):
    """`unit_price` is the cost of one unit in the document's currency; `pegged` is the sum of the pegs on it."""

    document = models.ForeignKey(Receipt, on_delete=models.CASCADE, related_name="lines", verbose_name=_("document"))
    location = models.ForeignKey(Location, on_delete=models.PROTECT, related_name="+", verbose_name=_("location"))
    owner = models.ForeignKey(
        "base.Party", on_delete=models.DO_NOTHING, null=True, blank=True, related_name="+", verbose_name=_("owner of the goods")
    )
    returns_line = models.ForeignKey(
        "stock.DeliveryLine",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="returned_by",
        verbose_name=_("returned delivery line"),
    )
    pegged = QuantityField(_("pegged quantity"), default=0, editable=False)

    class Meta(StockLine.Meta):
        verbose_name = _("receipt line")
        verbose_name_plural = _("receipt lines")
        constraints = [
            *StockLine.Meta.constraints,
            models.CheckConstraint(
                condition=Q(pegged__gte=0, pegged__lte=F("base_quantity")),
                name="receipt_line_pegged_is_expected",
                violation_error_code="INSUFFICIENT",
                violation_error_message=_("More would be pegged than is expected."),
            ),
        ]


class Delivery(StockDocument):
    """Goods go to a customer, from a warehouse or straight from the supplier."""

    drop_ship = models.BooleanField(_("drop-ship"), default=False)
    supplier = models.ForeignKey(
        "base.Party", on_delete=models.DO_NOTHING, null=True, blank=True, related_name="+", verbose_name=_("supplier")
    )

    class Meta(StockDocument.Meta):
        verbose_name = _("delivery note")
        verbose_name_plural = _("delivery notes")
        indexes = [*StockDocument.Meta.indexes, search_index("number", "reference", name="delivery_search")]


class DeliveryLine(StockLine):
    """Goods of one location for one demand; a drop-ship line has no location, but a cost."""

    document = models.ForeignKey(Delivery, on_delete=models.CASCADE, related_name="lines", verbose_name=_("document"))
    demand = models.ForeignKey(StockDemand, on_delete=models.PROTECT, related_name="delivery_lines", verbose_name=_("demand"))
    location = models.ForeignKey(
        Location, on_delete=models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("location")
    )

    class Meta(StockLine.Meta):
        verbose_name = _("delivery line")
        verbose_name_plural = _("delivery lines")


class Transfer(StockDocument):
    """Goods go from one location of the company to another, through transit."""

    source = models.ForeignKey(Location, on_delete=models.PROTECT, related_name="+", verbose_name=_("from location"))
    target = models.ForeignKey(Location, on_delete=models.PROTECT, related_name="+", verbose_name=_("to location"))

    class Meta(StockDocument.Meta):
        verbose_name = _("stock transfer")
        verbose_name_plural = _("stock transfers")
        constraints = [
            *StockDocument.Meta.constraints,
            models.CheckConstraint(condition=~Q(source=F("target")), name="transfer_goes_somewhere"),
        ]
        indexes = [*StockDocument.Meta.indexes, search_index("number", "reference", name="transfer_search")]


class TransferLine(StockLine):
    """Goods of one item and lot."""

    document = models.ForeignKey(Transfer, on_delete=models.CASCADE, related_name="lines", verbose_name=_("document"))

    class Meta(StockLine.Meta):
        verbose_name = _("transfer line")
        verbose_name_plural = _("transfer lines")


class StockCount(StockDocument):
    """What was counted in a location; the difference is moved to or from gains and losses."""

    location = models.ForeignKey(Location, on_delete=models.PROTECT, related_name="+", verbose_name=_("location"))

    class Meta(StockDocument.Meta):
        verbose_name = _("stock count")
        verbose_name_plural = _("stock counts")
        indexes = [*StockDocument.Meta.indexes, search_index("number", name="stock_count_search")]


class StockCountLine(DocumentLine):
    """`quantity` was counted where `expected` should have been; both in the base unit."""

    document = models.ForeignKey(StockCount, on_delete=models.CASCADE, related_name="lines", verbose_name=_("document"))
    lot = models.ForeignKey(Lot, on_delete=models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("lot"))
    expected = QuantityField(_("expected quantity"))

    class Meta(DocumentLine.Meta):
        verbose_name = _("count line")
        verbose_name_plural = _("count lines")
        constraints = [
            *DocumentLine.Meta.constraints,
            models.CheckConstraint(condition=Q(quantity__gte=0), name="%(class)s_counted"),
        ]
        indexes = [models.Index(fields=["position", "id"], name="%(class)s_by_position")]
