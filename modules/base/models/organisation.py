"""Our own companies, units and people, and the dimensions that amounts are analysed by."""

from zoneinfo import available_timezones

from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy
from tessera.api import AmountField, CurrencyField, MemberKey, PercentField, Record, search_index

from modules.base.models.party import Party
from modules.base.models.tree import InTree


class Company(Record):
    """A legal entity of the tenant: it has books, a currency and a time zone."""

    class CogsAt(models.TextChoices):
        INVOICE = "invoice", _("at the invoice")
        DELIVERY = "delivery", _("at the delivery")

    code = models.CharField(_("code"), max_length=20)
    name = models.CharField(_("name"), max_length=200)
    party = models.ForeignKey(
        "base.Party", on_delete=models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("party")
    )
    currency = CurrencyField(_("currency"))
    country = models.CharField(_("country"), max_length=2, blank=True)
    time_zone = models.CharField(_("time zone"), max_length=60, default="UTC")
    prices_include_tax = models.BooleanField(_("prices include tax"), default=False)
    cogs_at = models.CharField(_("cost of goods sold booked"), max_length=10, choices=CogsAt.choices, default=CogsAt.INVOICE)
    discount_limit = PercentField(_("discount without approval"), default=1)
    order_limit = AmountField(_("order amount without approval"), null=True, blank=True)

    class Meta(Record.Meta):
        verbose_name = _("company")
        verbose_name_plural = _("companies")
        constraints = [models.UniqueConstraint(fields=["code"], name="company_once")]
        indexes = [
            models.Index(fields=["name", "id"], name="company_by_name"),
            search_index("code", "name", name="company_search"),
        ]

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        """Refuse a time zone that is none: business dates are reckoned in it."""
        if self.time_zone not in available_timezones():
            raise ValidationError({"time_zone": _("There is no such time zone.")})


class OrgUnit(InTree):
    """A department, branch or team, in a tree per company."""

    company = models.ForeignKey(
        Company, on_delete=models.PROTECT, db_index=False, related_name="units", verbose_name=_("company")
    )
    parent = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, blank=True, related_name="children", verbose_name=_("parent")
    )
    code = models.CharField(_("code"), max_length=40)
    name = models.CharField(_("name"), max_length=200)

    class Meta(Record.Meta):
        verbose_name = _("unit of the organisation")
        verbose_name_plural = _("units of the organisation")
        constraints = [
            models.UniqueConstraint(fields=["company", "code"], name="org_unit_once"),
        ]
        indexes = [
            models.Index(fields=["code", "id"], name="org_unit_by_code"),
            models.Index(fields=["name", "id"], name="org_unit_by_name"),
            models.Index(fields=["company", "id"], name="org_unit_by_company"),
        ]

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        """Refuse a unit below one of another company."""
        super().clean()
        if self.parent and self.parent.company_id != self.company_id:
            raise ValidationError({"parent": _("A unit is below one of its own company.")})
        if self.children.exclude(company=self.company_id).exists():
            raise ValidationError({"company": _("Units below this one are of another company.")})


class Position(Record):
    """A post in a unit."""

    unit = models.ForeignKey(
        OrgUnit, on_delete=models.PROTECT, db_index=False, related_name="positions", verbose_name=_("unit of the organisation")
    )
    title = models.CharField(pgettext_lazy("organisation", "title"), max_length=200)

    class Meta(Record.Meta):
        verbose_name = pgettext_lazy("organisation", "position")
        verbose_name_plural = pgettext_lazy("organisation", "positions")
        indexes = [
            models.Index(fields=["title", "id"], name="position_by_title"),
            models.Index(fields=["unit", "id"], name="position_by_unit"),
        ]


class MemberPerson(Record):
    """Which person of the party master a login belongs to."""

    member = MemberKey(_("member"))
    person = models.ForeignKey("base.Party", on_delete=models.PROTECT, related_name="+", verbose_name=_("person"))

    class Meta(Record.Meta):
        verbose_name = _("person of a member")
        verbose_name_plural = _("persons of members")
        constraints = [
            models.UniqueConstraint(fields=["member"], name="member_person_once"),
            models.UniqueConstraint(fields=["person"], name="person_member_once"),
        ]


class Assignment(Record):
    """A person works in a unit, under a manager, from one day to another."""

    person = models.ForeignKey("base.Party", on_delete=models.PROTECT, related_name="assignments", verbose_name=_("person"))
    unit = models.ForeignKey(
        OrgUnit, on_delete=models.PROTECT, db_index=False, related_name="assignments", verbose_name=_("unit of the organisation")
    )
    position = models.ForeignKey(
        Position,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="assignments",
        verbose_name=pgettext_lazy("organisation", "position"),
    )
    manager = models.ForeignKey(
        "base.Party", on_delete=models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("manager")
    )
    valid_from = models.DateField(pgettext_lazy("validity", "from"))
    valid_to = models.DateField(pgettext_lazy("validity", "to"), null=True, blank=True)

    class Meta(Record.Meta):
        verbose_name = _("assignment")
        verbose_name_plural = _("assignments")
        constraints = [
            models.CheckConstraint(
                condition=models.Q(valid_to__isnull=True) | models.Q(valid_to__gte=models.F("valid_from")),
                name="assignment_in_order",
            ),
            models.CheckConstraint(
                condition=models.Q(manager__isnull=True) | ~models.Q(manager=models.F("person")),
                name="assignment_not_own_manager",
            ),
        ]
        indexes = [
            models.Index(fields=["valid_from", "id"], name="assignment_by_start"),
            models.Index(fields=["unit", "id"], name="assignment_by_unit"),
        ]

    def clean(self) -> None:
        """Refuse a manager who is no person, and a post of another unit."""
        found = {}
        if self.manager and self.manager.kind != Party.Kind.PERSON:
            found["manager"] = _("A manager is a person.")
        if self.position and self.position.unit_id != self.unit_id:
            found["position"] = _("This post is in another unit.")
        if found:
            raise ValidationError(found)


class Dimension(Record):
    """What amounts are analysed by: cost centre, project, product line, channel, cash-flow item."""

    code = models.CharField(_("code"), max_length=40)
    name = models.CharField(_("name"), max_length=200)
    system = models.BooleanField(_("kept by the system"), default=False, editable=False)

    class Meta(Record.Meta):
        verbose_name = _("dimension")
        verbose_name_plural = _("dimensions")
        constraints = [models.UniqueConstraint(fields=["code"], name="dimension_once")]


class DimensionValue(Record):
    """One value of a dimension."""

    dimension = models.ForeignKey(
        Dimension, on_delete=models.PROTECT, db_index=False, related_name="values", verbose_name=_("dimension")
    )
    code = models.CharField(_("code"), max_length=40)
    name = models.CharField(_("name"), max_length=200)
    active = models.BooleanField(pgettext_lazy("record", "active"), default=True)

    class Meta(Record.Meta):
        verbose_name = _("dimension value")
        verbose_name_plural = _("dimension values")
        constraints = [models.UniqueConstraint(fields=["dimension", "code"], name="dimension_value_once")]
        indexes = [
            models.Index(fields=["code", "id"], name="dimension_value_by_code"),
            models.Index(fields=["dimension", "id"], name="dimension_value_by_dimension"),
        ]


class DimensionSet(Record):
    """A combination of dimension values, stored once; `key` is its sorted value ids."""

    key = models.CharField(_("ids of its values"), max_length=1000, editable=False)

    class Meta(Record.Meta):
        verbose_name = _("dimension set")
        verbose_name_plural = _("dimension sets")
        constraints = [models.UniqueConstraint(fields=["key"], name="dimension_set_once")]


class DimensionSetValue(Record):
    """One value in a set; a set has at most one value per dimension."""

    set = models.ForeignKey(DimensionSet, on_delete=models.CASCADE, related_name="values", verbose_name=_("dimension set"))
    dimension = models.ForeignKey(Dimension, on_delete=models.PROTECT, related_name="+", verbose_name=_("dimension"))
    value = models.ForeignKey(DimensionValue, on_delete=models.PROTECT, related_name="+", verbose_name=_("value"))

    class Meta(Record.Meta):
        verbose_name = _("value in a dimension set")
        verbose_name_plural = _("values in a dimension set")
        constraints = [models.UniqueConstraint(fields=["set", "dimension"], name="dimension_set_value_once")]
