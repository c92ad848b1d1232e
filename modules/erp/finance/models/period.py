"""Fiscal years and periods of a company, and what of them is closed."""

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import RangeOperators
from django.db import models
from django.db.models import Func
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy
from tessera.api import Record


class Days(Func):
    """The range of days from the first to the last, both included."""

    function = "daterange"
    template = "%(function)s(%(expressions)s, '[]')"


class FiscalYear(Record):
    """A company's fiscal year; years do not overlap."""

    company = models.ForeignKey("base.Company", on_delete=models.DO_NOTHING, related_name="+", verbose_name=_("company"))
    code = models.CharField(_("code"), max_length=20)
    start = models.DateField(_("first day"))
    end = models.DateField(_("last day"))

    class Meta(Record.Meta):
        verbose_name = _("fiscal year")
        verbose_name_plural = _("fiscal years")
        constraints = [
            models.UniqueConstraint(fields=["company", "code"], name="fiscal_year_once"),
            models.CheckConstraint(condition=models.Q(end__gt=models.F("start")), name="fiscal_year_in_order"),
            ExclusionConstraint(
                name="fiscal_years_apart",
                expressions=[("company", RangeOperators.EQUAL), (Days("start", "end"), RangeOperators.OVERLAPS)],
            ),
        ]
        indexes = [models.Index(fields=["start", "id"], name="fiscal_year_by_start")]

    def __str__(self) -> str:
        return self.code


class FiscalPeriod(Record):
    """A month of a fiscal year, or a further one at its end that only takes adjustments."""

    company = models.ForeignKey("base.Company", on_delete=models.DO_NOTHING, related_name="+", verbose_name=_("company"))
    year = models.ForeignKey(
        FiscalYear, on_delete=models.PROTECT, db_index=False, related_name="periods", verbose_name=_("fiscal year")
    )
    number = models.PositiveSmallIntegerField(_("number"))
    start = models.DateField(_("first day"))
    end = models.DateField(_("last day"))
    adjusting = models.BooleanField(_("for adjustments only"), default=False)

    class Meta(Record.Meta):
        verbose_name = _("fiscal period")
        verbose_name_plural = _("fiscal periods")
        constraints = [
            models.UniqueConstraint(fields=["year", "number"], name="fiscal_period_once"),
            models.CheckConstraint(condition=models.Q(end__gte=models.F("start")), name="fiscal_period_in_order"),
            ExclusionConstraint(
                name="fiscal_periods_apart",
                expressions=[("company", RangeOperators.EQUAL), (Days("start", "end"), RangeOperators.OVERLAPS)],
                condition=models.Q(adjusting=False),
            ),
        ]
        indexes = [
            models.Index(fields=["start", "id"], name="fiscal_period_by_start"),
            models.Index(fields=["number", "id"], name="fiscal_period_by_number"),
            models.Index(fields=["year", "id"], name="fiscal_period_by_year"),
        ]

    def __str__(self) -> str:
        return f"{self.year.code}/{self.number:02}"


class Area(models.TextChoices):
    """Parts of the books that close one by one; the ledger closes last and closes all."""

    SALES = "sales", _("sales")
    PURCHASE = "purchase", _("purchases")
    STOCK = "stock", _("stock")
    LEDGER = "ledger", _("ledger")


class PeriodLock(Record):
    """Whether an area of a period still takes postings; without a row it is open."""

    class State(models.TextChoices):
        OPEN = "open", pgettext_lazy("period", "open")
        SOFT = "soft", _("open to those with the right")
        CLOSED = "closed", pgettext_lazy("period", "closed")

    period = models.ForeignKey(
        FiscalPeriod, on_delete=models.PROTECT, db_index=False, related_name="locks", verbose_name=_("period")
    )
    area = models.CharField(_("area"), max_length=10, choices=Area.choices)
    state = models.CharField(_("state"), max_length=10, choices=State.choices, default=State.OPEN)

    class Meta(Record.Meta):
        verbose_name = _("period lock")
        verbose_name_plural = _("period locks")
        constraints = [models.UniqueConstraint(fields=["period", "area"], name="period_lock_once")]
        indexes = [
            models.Index(fields=["area", "id"], name="period_lock_by_area"),
            models.Index(fields=["period", "id"], name="period_lock_by_period"),
        ]
