"""The one item master: what we buy, make, hold and sell, and its units."""

from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy
from tessera.api import CurrencyField, OrGreatest, PriceField, Record, search_index

from modules.base.models.tree import InTree
from modules.base.ports import item_has_moved


class Unit(Record):
    """A unit of measure; `decimals` is how finely quantities in it are kept."""

    code = models.CharField(_("code"), max_length=20)
    name = models.CharField(_("name"), max_length=80)
    decimals = models.PositiveSmallIntegerField(_("decimals"), default=0)

    class Meta(Record.Meta):
        verbose_name = _("unit")
        verbose_name_plural = _("units")
        constraints = [
            models.UniqueConstraint(fields=["code"], name="unit_once"),
            models.CheckConstraint(condition=models.Q(decimals__lte=6), name="unit_decimals_fit"),
        ]
        indexes = [search_index("code", "name", name="unit_search")]

    def __str__(self) -> str:
        return self.code


class ItemCategory(InTree):
    """A category of items, in a tree."""

    code = models.CharField(_("code"), max_length=40)
    name = models.CharField(_("name"), max_length=200)
    parent = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, blank=True, related_name="children", verbose_name=_("parent")
    )
    note = models.TextField(_("note"), blank=True)

    class Meta(Record.Meta):
        verbose_name = _("item category")
        verbose_name_plural = _("item categories")
        constraints = [
            models.UniqueConstraint(fields=["code"], name="item_category_once"),
        ]
        indexes = [
            models.Index(fields=["name", "id"], name="item_category_by_name"),
            search_index("code", "name", name="item_category_search"),
        ]

    def __str__(self) -> str:
        return self.name


class Item(Record):
    """What moves or is done. Kind, base unit, tracking and cost method are fixed once it has moved."""

    FIXED = ("kind", "unit", "tracking", "cost_method")

    class Kind(models.TextChoices):
        GOODS = "goods", _("goods")
        SERVICE = "service", _("service")

    class Tracking(models.TextChoices):
        NONE = "none", _("none")
        LOT = "lot", _("by lot")
        SERIAL = "serial", _("by serial number")

    class CostMethod(models.TextChoices):
        AVERAGE = "average", _("moving average")
        FIFO = "fifo", _("first in, first out")

    code = models.CharField(_("code"), max_length=60)
    name = models.CharField(_("name"), max_length=200)
    kind = models.CharField(_("kind"), max_length=10, choices=Kind.choices, default=Kind.GOODS)
    category = models.ForeignKey(
        ItemCategory,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        db_index=False,
        related_name="items",
        verbose_name=_("category"),
    )
    unit = models.ForeignKey(Unit, on_delete=models.PROTECT, related_name="+", verbose_name=_("base unit"))
    tracking = models.CharField(_("tracking"), max_length=10, choices=Tracking.choices, default=Tracking.NONE)
    cost_method = models.CharField(_("cost method"), max_length=10, choices=CostMethod.choices, default=CostMethod.AVERAGE)
    list_price = PriceField(_("list price"), null=True, blank=True)
    list_price_currency = CurrencyField(_("currency of the list price"), blank=True)
    tax_category = models.CharField(_("tax category"), max_length=30, blank=True)
    supplier = models.ForeignKey(
        "base.Party", on_delete=models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("main supplier")
    )
    description = models.TextField(_("description"), blank=True)
    active = models.BooleanField(pgettext_lazy("record", "active"), default=True)
    origin = models.CharField(_("origin"), max_length=20, default="manual")
    external_id = models.CharField(_("external id"), max_length=100, blank=True)

    class Meta(Record.Meta):
        verbose_name = _("item")
        verbose_name_plural = _("items")
        constraints = [
            models.UniqueConstraint(fields=["code"], name="item_code_once"),
            models.UniqueConstraint(
                fields=["origin", "external_id"], condition=~models.Q(external_id=""), name="item_external_id_once"
            ),
            models.CheckConstraint(
                condition=models.Q(list_price__isnull=True) | models.Q(list_price__gte=0), name="list_price_not_negative"
            ),
        ]
        indexes = [
            models.Index(OrGreatest("list_price"), "id", name="item_by_price"),
            models.Index(fields=["category", "id"], name="item_by_category"),
            models.Index(fields=["name", "id"], name="item_by_name"),
            search_index("name", "code", "description", name="item_search"),
        ]

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        """Refuse with STATE to change what the quantities and costs of goods that moved stand on."""
        before = Item.objects.filter(pk=self.pk).first()
        changed = [name for name in self.FIXED if before and getattr(before, name) != getattr(self, name)]
        if changed and item_has_moved(item=self.pk):
            problem = ValidationError(_("Goods of this item have moved already: this stays."), code="STATE")
            raise ValidationError(dict.fromkeys(changed, problem))


class UnitConversion(Record):
    """One `source` is numerator/denominator `target`, exactly; for one item, or for all."""

    item = models.ForeignKey(
        Item, on_delete=models.CASCADE, null=True, blank=True, related_name="conversions", verbose_name=_("item")
    )
    source = models.ForeignKey(Unit, on_delete=models.PROTECT, related_name="+", verbose_name=_("one of this unit"))
    target = models.ForeignKey(Unit, on_delete=models.PROTECT, related_name="+", verbose_name=_("is so many of this unit"))
    numerator = models.BigIntegerField(_("numerator"))
    denominator = models.BigIntegerField(_("denominator"), default=1)

    class Meta(Record.Meta):
        verbose_name = _("unit conversion")
        verbose_name_plural = _("unit conversions")
        constraints = [
            models.UniqueConstraint(fields=["item", "source", "target"], name="unit_conversion_once", nulls_distinct=False),
            models.CheckConstraint(condition=models.Q(numerator__gt=0, denominator__gt=0), name="unit_conversion_positive"),
            models.CheckConstraint(condition=~models.Q(source=models.F("target")), name="unit_conversion_not_itself"),
        ]
