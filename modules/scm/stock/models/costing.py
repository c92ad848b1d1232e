"""What goods cost: pools of quantity and value, layers of a pool, and later differences."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from tessera.api import AmountField, Model, QuantityField

from modules.scm.stock.models.moves import StockMove


class PoolScope(models.TextChoices):
    """Over what goods of an item one cost is kept."""

    COMPANY = "company", _("the company")


class PoolMethod(models.TextChoices):
    """How an issue is valued."""

    AVERAGE = "average", _("moving average")
    FIFO = "fifo", _("first in, first out")


class CostPool(Model):
    """The quantity and value of an item's stock; never a rounded average.

    An issue takes `round(value x q / quantity)`, and the issue that empties the pool takes all that
    is left. More may have left than came, where a location may run negative: the pool is then below
    zero by just what its provisional layers hold. `seq` counts the moves that went through, under
    this row's lock. The method is taken from the item when the pool is made and stays.
    """

    audited = False

    company = models.ForeignKey("base.Company", on_delete=models.DO_NOTHING, related_name="+", verbose_name=_("company"))
    item = models.ForeignKey("base.Item", on_delete=models.DO_NOTHING, related_name="+", verbose_name=_("item"))
    scope = models.CharField(_("cost scope"), max_length=10, choices=PoolScope.choices, default=PoolScope.COMPANY)
    scope_key = models.UUIDField(null=True)
    method = models.CharField(_("cost method"), max_length=10, choices=PoolMethod.choices)
    quantity = QuantityField(_("quantity"), default=0)
    value = AmountField(_("stock value"), default=0)
    seq = models.BigIntegerField(default=0)

    class Meta(Model.Meta):
        verbose_name = _("cost pool")
        verbose_name_plural = _("cost pools")
        constraints = [
            models.UniqueConstraint(
                fields=["company", "item", "scope", "scope_key"], name="cost_pool_once", nulls_distinct=False
            ),
            models.CheckConstraint(
                condition=Q(quantity__gt=0, value__gte=0) | Q(quantity=0, value=0) | Q(quantity__lt=0, value__lte=0),
                name="cost_pool_value_has_its_sign",
            ),
        ]


class CostLayer(Model):
    """What is left of one receipt into a pool that issues first in, first out.

    The receipt as it was is the move; who took from it is in `LayerUse`. A provisional layer, in a
    pool of either method, is what an issue took before it came: `quantity` and `value` are what is
    still to come, and the moves that bring it use the layer up.
    """

    audited = False

    pool = models.ForeignKey(
        CostPool, on_delete=models.PROTECT, related_name="layers", db_index=False, verbose_name=_("cost pool")
    )
    move = models.ForeignKey(StockMove, on_delete=models.PROTECT, related_name="+", db_index=False, verbose_name=_("moved by"))
    provisional = models.BooleanField(_("provisional"), default=False)
    seq = models.BigIntegerField(_("place in the pool"))
    quantity = QuantityField(_("quantity left"))
    value = AmountField(_("value left"))

    class Meta(Model.Meta):
        verbose_name = _("cost layer")
        verbose_name_plural = _("cost layers")
        constraints = [
            models.UniqueConstraint(fields=["move"], name="cost_layer_once"),
            models.UniqueConstraint(fields=["pool", "seq"], name="cost_layer_in_order"),
            models.CheckConstraint(condition=Q(quantity__gte=0, value__gte=0), name="cost_layer_not_negative"),
            models.CheckConstraint(condition=~Q(quantity=0) | Q(value=0), name="cost_layer_empty_is_worth_nothing"),
        ]
        indexes = [
            models.Index(fields=["pool", "id"], name="cost_layer_by_pool"),
            models.Index(fields=["pool", "seq"], condition=Q(quantity__gt=0), name="cost_layer_open"),
        ]


class LayerUse(Model):
    """An issue took from a layer, or a receipt brought what a provisional layer waited for. Append-only."""

    audited = False

    layer = models.ForeignKey(
        CostLayer, on_delete=models.PROTECT, related_name="uses", db_index=False, verbose_name=_("cost layer")
    )
    move = models.ForeignKey(StockMove, on_delete=models.PROTECT, related_name="layer_uses", verbose_name=_("used by"))
    quantity = QuantityField(_("quantity"))
    value = AmountField(_("stock value"))

    class Meta(Model.Meta):
        verbose_name = _("use of a layer")
        verbose_name_plural = _("uses of layers")
        constraints = [
            models.UniqueConstraint(fields=["layer", "move"], name="layer_use_once"),
            models.CheckConstraint(condition=Q(quantity__gt=0, value__gte=0), name="layer_use_of_something"),
        ]
        indexes = [models.Index(fields=["layer", "id"], name="layer_use_by_layer")]


class ValueAdjustment(Model):
    """A later difference to the cost of a receipt: a bill at another price, freight, duty. Append-only.

    `amount` is what came on top (or off) in company currency: `on_hand` of it raised the stock that
    is still here, `gone` belongs to what had left. The parts say where exactly. A receipt of goods that
    had left at a provisional cost adds nothing: `gone` is what they cost more, and `on_hand` its opposite.
    """

    audited = False

    company = models.ForeignKey("base.Company", on_delete=models.DO_NOTHING, related_name="+", verbose_name=_("company"))
    move = models.ForeignKey(StockMove, on_delete=models.PROTECT, related_name="adjustments", verbose_name=_("receipt"))
    amount = AmountField(_("amount"))
    on_hand = AmountField(_("on goods on hand"))
    gone = AmountField(_("on goods that have left"))
    reason = models.CharField(_("reason"), max_length=200)
    effective_date = models.DateField(_("effective date"))
    recorded_at = models.DateTimeField(_("recorded at"), auto_now_add=True)

    class Meta(Model.Meta):
        verbose_name = _("value adjustment")
        verbose_name_plural = _("value adjustments")
        constraints = [
            models.CheckConstraint(condition=~Q(on_hand=0, gone=0), name="value_adjustment_of_something"),
            models.CheckConstraint(condition=Q(amount=models.F("on_hand") + models.F("gone")), name="value_adjustment_parts_sum"),
        ]


class ValueAdjustmentPart(Model):
    """The share of an adjustment that fell on a pool (and its layer), or on a move that had left. Append-only."""

    audited = False

    adjustment = models.ForeignKey(
        ValueAdjustment, on_delete=models.PROTECT, db_index=False, related_name="parts", verbose_name=_("value adjustment")
    )
    pool = models.ForeignKey(CostPool, on_delete=models.PROTECT, null=True, related_name="+", verbose_name=_("cost pool"))
    layer = models.ForeignKey(CostLayer, on_delete=models.PROTECT, null=True, related_name="+", verbose_name=_("cost layer"))
    move = models.ForeignKey(
        StockMove, on_delete=models.PROTECT, null=True, related_name="value_parts", verbose_name=_("issued by")
    )
    amount = AmountField(_("amount"))

    class Meta(Model.Meta):
        verbose_name = _("part of a value adjustment")
        verbose_name_plural = _("parts of value adjustments")
        constraints = [
            models.CheckConstraint(
                condition=Q(pool__isnull=False, move=None) | Q(pool=None, layer=None, move__isnull=False),
                name="value_adjustment_part_on_one",
            ),
        ]
        indexes = [models.Index(fields=["adjustment", "id"], name="adjustment_part_by_adjustment")]
