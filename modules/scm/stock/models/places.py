"""Where goods are, and which batch they belong to."""

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy
from tessera.api import OrGreatest, Record, search_index


class Warehouse(Record):
    """A place of a company with locations inside."""

    company = models.ForeignKey("base.Company", on_delete=models.DO_NOTHING, related_name="+", verbose_name=_("company"))
    code = models.CharField(_("code"), max_length=20)
    name = models.CharField(_("name"), max_length=200)
    address = models.ForeignKey(
        "base.Address", on_delete=models.DO_NOTHING, null=True, blank=True, related_name="+", verbose_name=_("address")
    )
    org_unit = models.ForeignKey(
        "base.OrgUnit",
        on_delete=models.DO_NOTHING,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("unit of the organisation"),
    )
    active = models.BooleanField(pgettext_lazy("record", "active"), default=True)

    class Meta(Record.Meta):
        verbose_name = _("warehouse")
        verbose_name_plural = _("warehouses")
        constraints = [models.UniqueConstraint(fields=["company", "code"], name="warehouse_once")]
        indexes = [
            models.Index(fields=["code", "id"], name="warehouse_by_code"),
            models.Index(fields=["name", "id"], name="warehouse_by_name"),
            search_index("code", "name", name="warehouse_search"),
        ]

    def __str__(self) -> str:
        return self.name


class LocationKind(models.TextChoices):
    """What a location means; the kinds that goods move between decide how the move is booked."""

    STORAGE = "storage", _("storage")
    HOLD = "hold", _("on hold")
    TRANSIT = "transit", _("in transit")
    SUBCONTRACTOR = "subcontractor", _("at a subcontractor")
    SCRAP = "scrap", _("scrap")
    SUPPLIER = "supplier", _("supplier")
    CUSTOMER = "customer", _("customer")
    PRODUCTION = "production", _("production")
    LOSS = "loss", _("gains and losses")
    OPENING = "opening", _("opening")


OWN_KINDS = (
    LocationKind.STORAGE,
    LocationKind.HOLD,
    LocationKind.TRANSIT,
    LocationKind.SUBCONTRACTOR,
    LocationKind.SCRAP,
)
OUTSIDE_KINDS = (
    LocationKind.SUPPLIER,
    LocationKind.CUSTOMER,
    LocationKind.PRODUCTION,
    LocationKind.LOSS,
    LocationKind.OPENING,
)


class Location(Record):
    """A place that goods move from and to. Goods in kinds of our own are stock; the other kinds are the world outside.

    Goods that must not be sold lie in a location of kind hold: being held is a place, not a flag.
    """

    company = models.ForeignKey("base.Company", on_delete=models.DO_NOTHING, related_name="+", verbose_name=_("company"))
    warehouse = models.ForeignKey(
        Warehouse,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        db_index=False,
        related_name="locations",
        verbose_name=_("warehouse"),
    )
    kind = models.CharField(_("kind"), max_length=14, choices=LocationKind.choices, default=LocationKind.STORAGE)
    code = models.CharField(_("code"), max_length=40)
    name = models.CharField(_("name"), max_length=200)
    allow_negative = models.BooleanField(_("may run negative"), default=False)
    active = models.BooleanField(pgettext_lazy("record", "active"), default=True)

    class Meta(Record.Meta):
        verbose_name = _("location")
        verbose_name_plural = _("locations")
        constraints = [
            models.UniqueConstraint(fields=["company", "code"], name="location_once"),
            models.UniqueConstraint(
                fields=["company", "kind"], condition=models.Q(kind__in=OUTSIDE_KINDS), name="location_outside_once"
            ),
            models.CheckConstraint(condition=models.Q(kind__in=LocationKind.values), name="location_kind_known"),
            models.CheckConstraint(
                condition=models.Q(kind__in=OUTSIDE_KINDS, warehouse=None)
                | models.Q(kind__in=(LocationKind.TRANSIT, LocationKind.SUBCONTRACTOR))
                | models.Q(kind__in=OWN_KINDS, warehouse__isnull=False),
                name="location_in_a_warehouse_or_outside",
                violation_error_message=_("Storage, hold and scrap lie in a warehouse; what is outside does not."),
            ),
        ]
        indexes = [
            models.Index(fields=["code", "id"], name="location_by_code"),
            models.Index(fields=["name", "id"], name="location_by_name"),
            models.Index(fields=["warehouse", "id"], name="location_by_warehouse"),
            search_index("code", "name", name="location_search"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def is_own(self) -> bool:
        """Say whether goods here are stock of the company."""
        return self.kind in OWN_KINDS


class Lot(Record):
    """A batch of an item, or one piece by its serial number."""

    item = models.ForeignKey("base.Item", on_delete=models.DO_NOTHING, related_name="+", verbose_name=_("item"))
    code = models.CharField(_("code"), max_length=60)
    expires_on = models.DateField(_("expires on"), null=True, blank=True)
    note = models.CharField(_("note"), max_length=400, blank=True)

    class Meta(Record.Meta):
        verbose_name = _("lot")
        verbose_name_plural = _("lots")
        constraints = [models.UniqueConstraint(fields=["item", "code"], name="lot_once")]
        indexes = [
            models.Index(fields=["code", "id"], name="lot_by_code"),
            models.Index(OrGreatest("expires_on"), "id", name="lot_by_expiry"),
            search_index("code", name="lot_search"),
        ]

    def __str__(self) -> str:
        return self.code


class StockPolicy(Record):
    """What a company decided about its stock.

    `locked_until` closes stock up to a day where no books say which periods are open. Orders are
    reserved from `default_warehouse` first.
    """

    company = models.ForeignKey("base.Company", on_delete=models.DO_NOTHING, related_name="+", verbose_name=_("company"))
    default_warehouse = models.ForeignKey(
        Warehouse, on_delete=models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("default warehouse")
    )
    locked_until = models.DateField(_("closed up to and including"), null=True, blank=True)

    class Meta(Record.Meta):
        verbose_name = _("stock policy")
        verbose_name_plural = _("stock policies")
        constraints = [models.UniqueConstraint(fields=["company"], name="stock_policy_once")]
