"""The page of figures."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext_lazy as _
from tessera.accounts.operators.site import Page, site

from billing.selectors.figures import Amounts, all_figures

STANDING = {
    "full": _("working"),
    "read_only": _("read only"),
    "suspended": _("suspended"),
    "archived": _("archived"),
    "fenced": _("fenced: an upgrade failed"),
    "deleted": _("deleted"),
}


def figures(request: HttpRequest) -> HttpResponse:
    """Show what comes in, who was lost, who stayed after the trial, who may work, and what is late."""
    found = all_figures()
    shown = {
        **site.each_context(request),
        "title": _("Figures"),
        "figures": found,
        "mrr": found.mrr,
        "churn": [(each, _pairs(each.revenue, each.lost_revenue)) for each in found.churn],
        "standing": [(STANDING[name], count) for name, count in found.tenants.items()],
    }
    return render(request, "operators/figures.html", shown)


def _pairs(revenue: Amounts, lost: Amounts) -> list[tuple[str, object, object]]:
    """Return each currency with what was brought and what of it was lost."""
    return [(currency, lost.get(currency, 0), amount) for currency, amount in revenue.items()]


site.add_page(
    Page("figures", _("Figures"), _("What comes in a month, who was lost, who stays after the trial, what is overdue"), figures)
)
