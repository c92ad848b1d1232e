"""Taxes with dated rates, and the rules that choose them."""

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy
from tessera.api import PercentField, Record


class Tax(Record):
    """A tax; its rate is dated data, and so is when it arises."""

    class Side(models.TextChoices):
        SALE = "sale", _("on sales")
        PURCHASE = "purchase", _("on purchases")

    class Rounding(models.TextChoices):
        LINE = "line", _("per line")
        DOCUMENT = "document", _("per document")

    code = models.CharField(_("code"), max_length=40)
    name = models.CharField(_("name"), max_length=200)
    side = models.CharField(_("side"), max_length=10, choices=Side.choices, default=Side.SALE)
    rounding = models.CharField(_("rounding"), max_length=10, choices=Rounding.choices, default=Rounding.LINE)
    recoverable = models.BooleanField(_("recoverable"), default=True)
    active = models.BooleanField(pgettext_lazy("record", "active"), default=True)

    class Meta(Record.Meta):
        verbose_name = _("tax")
        verbose_name_plural = _("taxes")
        constraints = [models.UniqueConstraint(fields=["code"], name="tax_once")]

    def __str__(self) -> str:
        return self.name


class TaxRate(Record):
    """The rate of a tax from a day on (0.13 is 13 %), and its tax point."""

    class TaxPoint(models.TextChoices):
        DELIVERY = "delivery", pgettext_lazy("tax point", "delivery")
        INVOICE = "invoice", pgettext_lazy("tax point", "invoice")
        PAYMENT = "payment", pgettext_lazy("tax point", "payment")

    tax = models.ForeignKey(Tax, on_delete=models.CASCADE, related_name="rates", verbose_name=_("tax"))
    valid_from = models.DateField(pgettext_lazy("validity", "from"))
    rate = PercentField(pgettext_lazy("tax", "rate"))
    tax_point = models.CharField(_("tax point"), max_length=10, choices=TaxPoint.choices, default=TaxPoint.INVOICE)

    class Meta(Record.Meta):
        verbose_name = _("tax rate")
        verbose_name_plural = _("tax rates")
        constraints = [
            models.UniqueConstraint(fields=["tax", "valid_from"], name="tax_rate_once_a_day"),
            models.CheckConstraint(condition=models.Q(rate__gte=0, rate__lt=10), name="tax_rate_is_a_fraction"),
        ]
        indexes = [models.Index(fields=["valid_from", "id"], name="tax_rate_by_start")]


class TaxRule(Record):
    """Which tax a line gets, by country, tax status and tax category; the most specific rule wins."""

    side = models.CharField(_("side"), max_length=10, choices=Tax.Side.choices, default=Tax.Side.SALE)
    country = models.CharField(_("country"), max_length=2, blank=True)
    tax_status = models.CharField(_("tax status of the party"), max_length=30, blank=True)
    tax_category = models.CharField(_("tax category of the item"), max_length=30, blank=True)
    tax = models.ForeignKey(Tax, on_delete=models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("tax"))

    class Meta(Record.Meta):
        verbose_name = _("tax rule")
        verbose_name_plural = _("tax rules")
        constraints = [
            models.UniqueConstraint(fields=["side", "country", "tax_status", "tax_category"], name="tax_rule_once"),
        ]
