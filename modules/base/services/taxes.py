"""Which taxes a line gets, at which rate on its day."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from uuid import UUID

from django.utils.translation import gettext as _
from tessera.api import Refused

from modules.base.models import Tax, TaxRate, TaxRule


@dataclass(frozen=True)
class AppliedTax:
    """A tax with the rate and tax point that hold on a day."""

    tax: Tax
    rate: Decimal
    tax_point: str


def apply_taxes(taxes: Iterable[UUID], on: date) -> dict[UUID, AppliedTax]:
    """Return the applied taxes by id, for taxes that a line names itself; those without a rate on the day are missing."""
    wanted = list(taxes)
    if not wanted:
        return {}
    rows = TaxRate.objects.filter(tax__in=wanted, valid_from__lte=on).order_by("tax_id", "valid_from").select_related("tax")
    return {row.tax_id: AppliedTax(row.tax, row.rate, row.tax_point) for row in rows}  # the latest that has begun stays


class TaxRules:
    """The rules of a side with all rates of their taxes, read once for any number of documents and days."""

    def __init__(self, side: str) -> None:
        self._rules = list(TaxRule.objects.filter(side=side).select_related("tax"))
        self._rates: dict[UUID, list[TaxRate]] = {}
        if taxes := {rule.tax_id for rule in self._rules if rule.tax_id}:
            for rate in TaxRate.objects.filter(tax__in=taxes).order_by("valid_from").select_related("tax"):
                self._rates.setdefault(rate.tax_id, []).append(rate)

    def choose(self, *, country: str, tax_status: str, tax_categories: Iterable[str], on: date) -> dict[str, AppliedTax | None]:
        """Return, per tax category of items, the tax that the most specific matching rule names.

        A rule's blank matches anything; a rule without a tax says that none applies. Refuses with NO_RATE
        where the tax that a rule names has no rate on that day.
        """
        rules = [rule for rule in self._rules if rule.country in ("", country) and rule.tax_status in ("", tax_status)]
        chosen: dict[str, AppliedTax | None] = {}
        for category in set(tax_categories):
            matching = [rule for rule in rules if rule.tax_category in ("", category)]
            best = max(matching, key=_specificity, default=None)
            chosen[category] = self._applied(best.tax, on) if best and best.tax else None
        return chosen

    def _applied(self, tax: Tax, on: date) -> AppliedTax:
        begun = [rate for rate in self._rates.get(tax.pk, ()) if rate.valid_from <= on]
        if not begun:
            raise Refused("NO_RATE", _("{tax} has no rate on {day}.").format(tax=tax, day=on), "taxes")
        return AppliedTax(tax, begun[-1].rate, begun[-1].tax_point)


def choose_taxes(
    *, side: str, country: str, tax_status: str, tax_categories: Iterable[str], on: date
) -> dict[str, AppliedTax | None]:
    """Return the taxes that the rules of a side choose for one document; see `TaxRules`."""
    return TaxRules(side).choose(country=country, tax_status=tax_status, tax_categories=tax_categories, on=on)


def _specificity(rule: TaxRule) -> tuple[int, str]:
    return (sum(bool(key) for key in (rule.country, rule.tax_status, rule.tax_category)), str(rule.pk))
