"""The page of a company to which Stripe sends back who paid there; it needs no JavaScript."""

from urllib.parse import urlencode
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from tessera.accounts.addresses import accounts_url
from tessera.context import current_or_none

from billing.permissions import BILLING_VIEW
from billing.selectors.returning import Step, look_again, purchase_of
from tenants.models import Tenant

SECONDS = 2  # between two looks
ASKS_AT = (5, 15, 45)  # looks without news, after which Stripe itself is asked
MOST_LOOKS = 90


@never_cache
@require_safe
def bought(request: HttpRequest, checkout: UUID) -> HttpResponse:
    """GET /billing/checkout/<key>: what became of an intent to buy; looked at again by itself until its modules are on.

    `paid` says that Stripe sent the browser after a payment, `look` counts the looks.
    """
    context = current_or_none()
    if context is None:
        raise Http404
    if context.actor.kind == "anonymous":
        return HttpResponseRedirect(f"{reverse('session_start')}?{urlencode({'next': request.get_full_path()})}")
    if not context.actor.may(BILLING_VIEW):
        raise Http404
    tenant = Tenant.objects.get(pk=context.tenant.id)
    paid, look = request.GET.get("paid") == "1", _count(request.GET.get("look", ""))
    try:
        found = purchase_of(tenant, checkout, is_paid=paid)
        if found.step == Step.WAITING and look in ASKS_AT:
            look_again(tenant, checkout)
            found = purchase_of(tenant, checkout, is_paid=paid)
    except LookupError as error:
        raise Http404 from error
    waits = found.step in (Step.WAITING, Step.COMING) and look < MOST_LOOKS
    shown = {
        "company": tenant.name,
        "found": found,
        "again": f"{SECONDS}; url=?{urlencode({'paid': 1, 'look': look + 1})}" if waits else "",
        "prices": accounts_url("/pricing"),
    }
    return render(request, "billing/bought.html", shown)


def _count(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 4 else 0
