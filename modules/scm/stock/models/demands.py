"""What others want delivered, and what is set aside for it."""

from decimal import Decimal

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from tessera.api import Model, OrGreatest, PercentField, QuantityField, search_index

from modules.scm.stock.models.places import Location, Lot

ZERO = Decimal(0)


class StockDemand(Model):
    """A line of a confirmed document that wants goods; its row stands for the line under locks.

    The document is not ours and may be of a module that we do not know: it is named by kind and key.
    `fulfilled` is the sum of the line's `fulfils` links, kept to find what is still open.
    """

    audited = False

    kind = models.CharField(_("kind of line"), max_length=60)
    document = models.UUIDField(_("document"))
    line = models.UUIDField(_("line"))
    position = models.PositiveIntegerField(_("position"), default=0)
    number = models.CharField(_("number"), max_length=80, blank=True)
    company = models.ForeignKey("base.Company", on_delete=models.DO_NOTHING, related_name="+", verbose_name=_("company"))
    party = models.ForeignKey("base.Party", on_delete=models.DO_NOTHING, related_name="+", verbose_name=_("party"))
    item = models.ForeignKey("base.Item", on_delete=models.DO_NOTHING, related_name="+", verbose_name=_("item"))
    ship_to = models.ForeignKey(
        "base.Address", on_delete=models.DO_NOTHING, null=True, related_name="+", verbose_name=_("ship to")
    )
    requested_date = models.DateField(_("requested for"), null=True)
    drop_ship = models.BooleanField(_("drop-ship"), default=False)
    base_quantity = QuantityField(_("wanted quantity"))
    cancelled_quantity = QuantityField(_("cancelled quantity"), default=0)
    fulfilled = QuantityField(_("delivered quantity"), default=0)
    over_tolerance = PercentField(_("over-delivery tolerance"), default=0)
    under_tolerance = PercentField(_("under-delivery tolerance"), default=0)
    recorded_at = models.DateTimeField(_("recorded at"), auto_now_add=True)

    class Meta(Model.Meta):
        verbose_name = _("demand")
        verbose_name_plural = _("demands")
        constraints = [
            models.UniqueConstraint(fields=["line"], name="stock_demand_once"),
            models.CheckConstraint(condition=Q(base_quantity__gt=0), name="stock_demand_of_something"),
            models.CheckConstraint(
                condition=Q(cancelled_quantity__gte=0, cancelled_quantity__lte=F("base_quantity")),
                name="stock_demand_cancelled_is_a_part",
            ),
            models.CheckConstraint(condition=Q(fulfilled__gte=0), name="stock_demand_fulfilled_not_negative"),
        ]
        indexes = [
            models.Index(fields=["document"], name="stock_demand_by_document"),
            models.Index(
                fields=["item", "recorded_at"],
                condition=Q(fulfilled__lt=F("base_quantity") - F("cancelled_quantity")),
                name="stock_demand_open",
            ),
            search_index("number", name="stock_demand_search"),
        ]

    @property
    def wanted(self) -> Decimal:
        """Return the quantity that is not cancelled."""
        return self.base_quantity - self.cancelled_quantity

    @property
    def open_quantity(self) -> Decimal:
        """Return what is still to be delivered; nothing once a delivery came within the tolerance."""
        rest = self.wanted - self.fulfilled
        if rest <= 0 or (self.fulfilled > 0 and rest <= self.wanted * self.under_tolerance):
            return ZERO
        return rest

    @property
    def at_most(self) -> Decimal:
        """Return the most that may be delivered in all."""
        return self.wanted * (1 + self.over_tolerance)


class ReservationKind(models.TextChoices):
    """What a reservation stands on."""

    HARD = "hard", _("on goods on hand")
    PEG = "peg", _("on goods that are expected")


class Reservation(Model):
    """Goods set aside for a demand: hard ones on a balance, pegs on a receipt that is expected.

    Hard ones are written under the lock of their balance, whose `hard_reserved` is their sum.
    """

    demand = models.ForeignKey(StockDemand, on_delete=models.CASCADE, related_name="reservations", verbose_name=_("demand"))
    kind = models.CharField(_("kind"), max_length=4, choices=ReservationKind.choices, default=ReservationKind.HARD)
    item = models.ForeignKey("base.Item", on_delete=models.DO_NOTHING, related_name="+", verbose_name=_("item"))
    location = models.ForeignKey(
        Location, on_delete=models.PROTECT, null=True, related_name="+", db_index=False, verbose_name=_("location")
    )
    lot = models.ForeignKey(Lot, on_delete=models.PROTECT, null=True, related_name="+", verbose_name=_("lot"))
    owner = models.ForeignKey(
        "base.Party", on_delete=models.DO_NOTHING, null=True, related_name="+", verbose_name=_("owner of the goods")
    )
    receipt_line = models.ForeignKey(
        "stock.ReceiptLine", on_delete=models.PROTECT, null=True, related_name="pegs", verbose_name=_("expected by")
    )
    base_quantity = QuantityField(_("quantity"))
    expires_at = models.DateTimeField(_("expires at"), null=True)
    reason = models.CharField(_("reason"), max_length=200, blank=True)
    reserved_at = models.DateTimeField(_("reserved at"), auto_now_add=True)

    class Meta(Model.Meta):
        verbose_name = _("reservation")
        verbose_name_plural = _("reservations")
        constraints = [
            models.CheckConstraint(condition=Q(base_quantity__gt=0), name="reservation_of_something"),
            models.CheckConstraint(
                condition=Q(kind=ReservationKind.HARD, location__isnull=False, receipt_line=None)
                | Q(kind=ReservationKind.PEG, location=None, lot=None, receipt_line__isnull=False),
                name="reservation_stands_on_something",
            ),
        ]
        indexes = [
            models.Index(fields=["reserved_at", "id"], name="reservation_by_time"),
            models.Index(OrGreatest("expires_at"), "id", name="reservation_by_expiry"),
            models.Index(fields=["location", "item"], name="reservation_by_balance"),
        ]
