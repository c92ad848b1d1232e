"""Moves are the truth about quantities; balances are their sums, kept for locking and reading."""

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy
from tessera.api import AmountField, Model, QuantityField

from modules.scm.stock.models.places import Location, Lot


class ValueBasis(models.TextChoices):
    """Where the value of a move comes from."""

    GIVEN = "given", _("as given")
    AVERAGE = "average", _("moving average")
    FIFO = "fifo", _("first in, first out")
    PROVISIONAL = "provisional", _("provisional: more left than was there")
    ORIGINAL = "original", _("as the move it takes back")
    INSIDE = "inside", _("no value: it stays in one cost pool")
    UNVALUED = "unvalued", _("no value: it belongs to somebody else")


class StockMove(Model):
    """Goods went from one location to another. Never changed, never deleted: a trigger refuses both.

    `value` is in company currency and never negative; `seq` orders the moves of a cost pool.
    `document_kind`, `document` and `line` name the stock document that posted the move.
    """

    audited = False

    company = models.ForeignKey("base.Company", on_delete=models.DO_NOTHING, related_name="+", verbose_name=_("company"))
    item = models.ForeignKey("base.Item", on_delete=models.DO_NOTHING, related_name="+", db_index=False, verbose_name=_("item"))
    lot = models.ForeignKey(Lot, on_delete=models.PROTECT, null=True, related_name="+", verbose_name=_("lot"))
    owner = models.ForeignKey(
        "base.Party", on_delete=models.DO_NOTHING, null=True, related_name="+", verbose_name=_("owner of the goods")
    )
    source = models.ForeignKey(Location, on_delete=models.PROTECT, related_name="+", verbose_name=_("from location"))
    target = models.ForeignKey(Location, on_delete=models.PROTECT, related_name="+", verbose_name=_("to location"))
    quantity = QuantityField(_("quantity"))
    unit = models.ForeignKey("base.Unit", on_delete=models.DO_NOTHING, related_name="+", verbose_name=_("unit"))
    base_quantity = QuantityField(_("quantity in the base unit"))
    secondary_quantity = QuantityField(_("secondary quantity"), null=True)
    effective_at = models.DateTimeField(_("effective at"))
    posting_date = models.DateField(_("posting date"))
    recorded_at = models.DateTimeField(_("recorded at"), auto_now_add=True)
    pool = models.ForeignKey(
        "stock.CostPool", on_delete=models.PROTECT, null=True, related_name="moves", db_index=False, verbose_name=_("cost pool")
    )
    seq = models.BigIntegerField(null=True)
    value = AmountField(_("stock value"))
    value_basis = models.CharField(_("basis of the value"), max_length=12, choices=ValueBasis.choices)
    document_kind = models.CharField(_("kind of document"), max_length=60)
    document = models.UUIDField(_("document"))
    line = models.UUIDField(_("line"), null=True)
    returns_move = models.ForeignKey(
        "self",
        on_delete=models.PROTECT,
        null=True,
        related_name="returned_by",
        db_index=False,
        verbose_name=pgettext_lazy("stock", "takes back"),
    )

    class Meta(Model.Meta):
        verbose_name = _("stock move")
        verbose_name_plural = _("stock moves")
        constraints = [
            models.CheckConstraint(condition=Q(base_quantity__gt=0), name="stock_move_of_something"),
            models.CheckConstraint(condition=Q(value__gte=0), name="stock_move_value_not_negative"),
            models.CheckConstraint(condition=~Q(source=F("target")), name="stock_move_goes_somewhere"),
            models.CheckConstraint(
                condition=Q(pool=None, seq=None) | Q(pool__isnull=False, seq__gt=0), name="stock_move_in_order"
            ),
            models.UniqueConstraint(fields=["pool", "seq"], name="stock_move_seq_once"),
        ]
        indexes = [
            models.Index(fields=["document"], name="stock_move_by_document"),
            models.Index(fields=["line"], name="stock_move_by_line"),
            models.Index(fields=["item", "posting_date"], name="stock_move_by_item"),
            models.Index(fields=["posting_date", "id"], name="stock_move_by_date"),
            models.Index(fields=["returns_move"], condition=Q(returns_move__isnull=False), name="stock_move_by_returned"),
        ]


class StockBalance(Model):
    """What lies in a location, per item, lot and owner: the sum of its moves at every commit.

    `hard_reserved` is the sum of the hard reservations here, written under this row's lock.
    `allow_negative` repeats what the location allows, because a check sees one row only.
    """

    audited = False

    company = models.ForeignKey(
        "base.Company", on_delete=models.DO_NOTHING, related_name="+", db_index=False, verbose_name=_("company")
    )
    item = models.ForeignKey("base.Item", on_delete=models.DO_NOTHING, related_name="+", verbose_name=_("item"))
    location = models.ForeignKey(
        Location, on_delete=models.PROTECT, db_index=False, related_name="balances", verbose_name=_("location")
    )
    lot = models.ForeignKey(Lot, on_delete=models.PROTECT, null=True, related_name="+", verbose_name=_("lot"))
    owner = models.ForeignKey(
        "base.Party", on_delete=models.DO_NOTHING, null=True, related_name="+", verbose_name=_("owner of the goods")
    )
    on_hand = QuantityField(_("on hand"), default=0)
    hard_reserved = QuantityField(_("reserved quantity"), default=0)
    allow_negative = models.BooleanField(default=False)

    class Meta(Model.Meta):
        verbose_name = _("stock balance")
        verbose_name_plural = _("stock balances")
        constraints = [
            models.UniqueConstraint(
                fields=["company", "item", "location", "lot", "owner"], name="stock_balance_once", nulls_distinct=False
            ),
            models.CheckConstraint(
                condition=Q(on_hand__gte=0) | Q(allow_negative=True),
                name="stock_balance_not_negative",
                violation_error_code="INSUFFICIENT",
                violation_error_message=_("There is not enough of this on hand."),
            ),
            models.CheckConstraint(condition=Q(hard_reserved__gte=0), name="stock_reserved_not_negative"),
            models.CheckConstraint(
                condition=Q(hard_reserved=0) | Q(hard_reserved__lte=F("on_hand")),
                name="stock_reserved_is_on_hand",
                violation_error_code="INSUFFICIENT",
                violation_error_message=_("More would be reserved than is on hand."),
            ),
        ]
        indexes = [models.Index(fields=["location", "id"], name="stock_balance_by_location")]
