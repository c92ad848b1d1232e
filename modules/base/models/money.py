"""Currencies, rates and payment terms."""

from collections.abc import Mapping

from babel import Locale
from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy
from tessera.api import CurrencyField, PercentField, RateField, Record


class Currency(Record):
    """A currency that the tenant uses, by its ISO 4217 code."""

    code = CurrencyField(_("code"))
    name = models.CharField(_("name"), max_length=80)
    active = models.BooleanField(pgettext_lazy("record", "active"), default=True)

    class Meta(Record.Meta):
        verbose_name = _("currency")
        verbose_name_plural = _("currencies")
        constraints = [
            models.UniqueConstraint(fields=["code"], name="currency_once"),
            models.CheckConstraint(condition=models.Q(code__regex=r"^[A-Z]{3}$"), name="currency_code_is_iso"),
        ]

    def clean(self) -> None:
        """Refuse a code that no currency has."""
        if self.code not in currency_names():
            raise ValidationError({"code": _("This is no ISO currency code.")})


def currency_names() -> Mapping[str, str]:
    """Return the names of all currencies by their ISO 4217 code, from the CLDR."""
    return Locale("en").currencies


class ExchangeRate(Record):
    """Units of `quote` for one unit of `currency` on a day; never inverted."""

    currency = CurrencyField(_("currency"))
    quote = CurrencyField(_("quoted in"))
    date = models.DateField(_("date"))
    rate = RateField(_("rate"))
    source = models.CharField(_("source"), max_length=80, default="manual")

    class Meta(Record.Meta):
        verbose_name = _("exchange rate")
        verbose_name_plural = _("exchange rates")
        constraints = [
            models.UniqueConstraint(fields=["currency", "quote", "date"], name="exchange_rate_once_a_day"),
            models.CheckConstraint(condition=models.Q(rate__gt=0), name="exchange_rate_is_positive"),
            models.CheckConstraint(condition=~models.Q(currency=models.F("quote")), name="exchange_rate_of_two_currencies"),
        ]
        indexes = [models.Index(fields=["date", "id"], name="exchange_rate_by_date")]


class PaymentTerm(Record):
    """When an amount is due, in one or more instalments."""

    code = models.CharField(_("code"), max_length=40)
    name = models.CharField(_("name"), max_length=200)

    class Meta(Record.Meta):
        verbose_name = _("payment term")
        verbose_name_plural = _("payment terms")
        constraints = [models.UniqueConstraint(fields=["code"], name="payment_term_once")]


class PaymentTermLine(Record):
    """One instalment: `share` of the total, `days` after the base date, or at the month's end then.

    A statement is drawn up at the end of the month: counted from there, `days` make a term by month (月结).
    """

    class Base(models.TextChoices):
        INVOICE = "invoice", _("invoice date")
        DELIVERY = "delivery", _("delivery date")
        STATEMENT = "statement", _("statement date")

    term = models.ForeignKey(PaymentTerm, on_delete=models.CASCADE, related_name="lines", verbose_name=_("payment term"))
    position = models.PositiveIntegerField(pgettext_lazy("sequence", "position"), default=1)
    share = PercentField(_("share"), default=1)
    days = models.PositiveIntegerField(_("days"), default=30)
    base = models.CharField(_("counted from"), max_length=10, choices=Base.choices, default=Base.INVOICE)
    month_end = models.BooleanField(_("at the month's end"), default=False)

    class Meta(Record.Meta):
        verbose_name = _("instalment")
        verbose_name_plural = _("instalments")
        constraints = [
            models.UniqueConstraint(fields=["term", "position"], name="payment_term_line_once"),
            models.CheckConstraint(condition=models.Q(share__gt=0, share__lte=1), name="payment_term_share_is_a_part"),
        ]
        indexes = [models.Index(fields=["position", "id"], name="payment_term_line_by_position")]
