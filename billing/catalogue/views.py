"""The page of plans and prices on the accounts host."""

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from billing.catalogue.offers import Interval
from billing.catalogue.page import first_currency, price_page
from billing.catalogue.selectors import catalogue
from tenants.views import on_accounts_host


@on_accounts_host
@require_safe
def pricing(request: HttpRequest) -> HttpResponse:
    """Show what is sold, by `interval` (month, year) and `currency`; with others than there are there is no page."""
    found = catalogue()
    interval = request.GET.get("interval", Interval.MONTH.value)
    currency = request.GET.get("currency", first_currency(found))
    if interval not in list(Interval) or currency not in found.currencies:
        raise Http404
    shown = {
        "page": price_page(found, Interval(interval), currency),
        "interval": interval,
        "currency": currency,
        "currencies": found.currencies,
        "trial_days": found.trial_days,
    }
    return render(request, "billing/pricing.html", shown)
