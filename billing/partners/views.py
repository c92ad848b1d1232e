"""The pages of the accounts host on which a partner's people read what is theirs. To everybody else there is no such page."""

import csv
from collections.abc import Iterator
from typing import Any, cast

from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, StreamingHttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from tessera.accounts.models import Account
from tessera.cells import cell
from tessera.errors import Refused

from billing.catalogue.page import amount_text
from billing.models import Partner, PartnerStatement, Payout
from billing.partners.people import partners_of
from billing.partners.reading import csv_rows, lines_of, name_of, owed_to, share_of, shown, statements_of
from billing.partners.statements import month_of
from tenants.views import on_accounts_host

ON_A_PAGE = 100  # lines of a statement


def _partner(request: HttpRequest, vendor: str) -> Partner:
    """Return a partner whose person the account is; every other name is nobody's."""
    found = partners_of(cast(Account, request.user))  # behind `login_required`
    partner = next((each for each in found if each.vendor == vendor), None)
    if partner is None:
        raise Http404
    return partner


def _statement(request: HttpRequest, vendor: str, month: str, currency: str) -> PartnerStatement:
    partner = _partner(request, vendor)
    try:
        found = partner.statements.filter(month=month_of(month), currency=currency).first()
    except Refused as refused:
        raise Http404 from refused
    if found is None:
        raise Http404
    return cast(PartnerStatement, found)


@on_accounts_host
@never_cache
@require_safe
@login_required
def partners(request: HttpRequest) -> HttpResponse:
    """List the partners whose person the account is; the only one is gone to at once, and without one there is no page."""
    found = partners_of(cast(Account, request.user))
    if not found:
        raise Http404
    if len(found) == 1:
        return HttpResponseRedirect(reverse("partner", args=[found[0].vendor]))
    return render(request, "billing/partners/partners.html", {"partners": [(each, name_of(each)) for each in found]})


@on_accounts_host
@never_cache
@require_safe
@login_required
def partner(request: HttpRequest, vendor: str) -> HttpResponse:
    """Show a partner's standing, what is owed, its statements and its payouts."""
    found = _partner(request, vendor)
    statements = statements_of(found)
    context = {
        "partner": found,
        "name": name_of(found),
        "share": share_of(found),
        "owed": owed_to(found),
        "statements": statements,
        "payouts": [each for each in statements if each.payout and each.payout.state == Payout.State.PAID],
    }
    return render(request, "billing/partners/partner.html", context)


@on_accounts_host
@never_cache
@require_safe
@login_required
def statement(request: HttpRequest, vendor: str, month: str, currency: str) -> HttpResponse:
    """Show a statement, with `page` of its lines."""
    found = _statement(request, vendor, month, currency)
    page = Paginator(lines_of(found), ON_A_PAGE).get_page(request.GET.get("page"))
    names = ("opening", "gross", "share", "net", "closing", "due", "carried")
    context = {
        "statement": found,
        "name": name_of(found.partner),
        "payout": Payout.objects.filter(statement=found).first(),
        "page": page,
        "lines": [shown(each) for each in page],
        **{each: amount_text(getattr(found, each), found.currency) for each in names},
        "share": amount_text(-found.share, found.currency),
    }
    return render(request, "billing/partners/statement.html", context)


@on_accounts_host
@never_cache
@require_safe
@login_required
def statement_csv(request: HttpRequest, vendor: str, month: str, currency: str) -> StreamingHttpResponse:
    """Give a statement as a table: a line of text for each of its lines."""
    found = _statement(request, vendor, month, currency)
    response = StreamingHttpResponse(_written(csv_rows(found)), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{vendor}-{found.month:%Y-%m}-{found.currency}.csv"'
    response["X-Content-Type-Options"] = "nosniff"
    response["Cache-Control"] = "private, no-store"
    return response


class _Line:
    """What csv writes to: each row is handed back instead of kept."""

    def write(self, text: str) -> str:
        return text


def _written(rows: Iterator[tuple[Any, ...]]) -> Iterator[str]:
    writer = csv.writer(_Line())
    for row in rows:
        yield writer.writerow([cell(each) for each in row])
