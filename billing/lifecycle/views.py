"""The billing page of a company on the accounts host: there even when the company itself is closed, for those who answer for its bills."""

from typing import cast

from django.contrib.auth.decorators import login_required
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe
from tessera.access.selectors import active_member, actor_of
from tessera.accounts.models import Account
from tessera.context import enter
from tessera.errors import ApiError, Refused

from billing.catalogue.offers import Interval, Kind
from billing.catalogue.page import money_text
from billing.catalogue.selectors import catalogue
from billing.gateway.client import is_billing_on
from billing.lifecycle.overview import standing_of
from billing.lifecycle.people import READER, companies_of, may_pay
from billing.lifecycle.texts import day_of
from billing.mirror.customers import customer_of
from billing.models import Closing, Entitlement
from billing.selectors.choice import chosen_by, told_of
from billing.services.checkout import open_checkout, open_chosen_checkout
from billing.services.company import currency_of, going
from billing.services.portal import open_portal
from tenants.exports import path_of
from tenants.models import Tenant, TenantExport
from tenants.views import on_accounts_host


def _account(request: HttpRequest) -> Account:
    return cast(Account, request.user)  # behind `login_required`


def _company(request: HttpRequest, slug: str) -> Tenant:
    """Return a company whose bills the account answers for; every other name is nobody's."""
    tenant = Tenant.objects.filter(slug=slug).first() if is_billing_on() else None
    if tenant is None or not may_pay(_account(request), tenant):
        raise Http404
    return tenant


@on_accounts_host
@never_cache
@require_safe
@login_required
def companies(request: HttpRequest) -> HttpResponse:
    """List the companies whose bills the account answers for; the only one is gone to at once."""
    if not is_billing_on():
        raise Http404
    found = companies_of(_account(request))
    if len(found) == 1:
        return HttpResponseRedirect(f"/billing/{found[0].slug}")
    return render(request, "billing/companies.html", {"companies": found})


@on_accounts_host
@never_cache
@require_safe
@login_required
def company(request: HttpRequest, slug: str) -> HttpResponse:
    """Show how a company stands, what is due, and the way to pay."""
    return _shown(request, _company(request, slug))


def _shown(request: HttpRequest, tenant: Tenant, *, problem: str = "", status: int = 200) -> HttpResponse:
    closing = Closing.objects.filter(tenant=tenant).select_related("export").first()
    standing = standing_of(tenant)
    shown = {
        "company": tenant,
        "standing": standing,
        "due": [money_text(each.amount, each.currency) for each in standing.due],
        "coming": [(day_of(tenant, each.at), _becomes(each.access)) for each in standing.coming],
        "deleted_on": day_of(tenant, closing.delete_at) if closing and closing.delete_at else "",
        "is_deleted": tenant.state == Tenant.State.DELETED,
        "is_closed_by_us": tenant.state == Tenant.State.SUSPENDED and not _is_withheld(tenant),
        "has_export": closing is not None and closing.export is not None and closing.export.state == TenantExport.State.READY,
        "has_subscription": going(customer_of(tenant)) is not None,
        "plans": catalogue().sold(Kind.PLAN),
        "chosen": told_of(wanted) if (wanted := chosen_by(tenant)) else None,
        "problem": problem,
    }
    return render(request, "billing/company.html", shown, status=status)


def _is_withheld(tenant: Tenant) -> bool:
    """Say whether billing closed a company; else who runs the platform did, and no payment opens it."""
    return Entitlement.objects.filter(tenant=tenant, is_withheld=True).exists()


def _becomes(access: str) -> str:
    return {
        "full": _("everything works again"),
        "read_only": _("everything can be read and exported, nothing can be changed"),
        "suspended": _("nobody can use it; its data is kept"),
        "archived": _("it is archived; a day for its deletion is set"),
    }[access]


@on_accounts_host
@never_cache
@require_POST
@login_required
def pay(request: HttpRequest, slug: str) -> HttpResponse:
    """Go to Stripe: to the portal, where open invoices are paid, or with `plan` and `interval` to where one is
    bought, with `chosen` to where that is bought which was chosen before the sign-up.
    """
    tenant = _company(request, slug)
    if tenant.state == Tenant.State.DELETED:
        raise Http404
    with enter(tenant.ref(), actor=READER, modules=frozenset()):
        member = active_member(account_id=_account(request).pk)
        actor = actor_of(member) if member else None
    if actor is None:
        raise Http404
    try:
        with enter(tenant.ref(), actor=actor, modules=frozenset()):
            if "chosen" in request.POST:
                url = open_chosen_checkout().url
            else:
                url = _checkout(request, tenant) if "plan" in request.POST else open_portal().url
    except (Refused, ApiError) as error:
        return _shown(request, tenant, problem=str(error), status=422)
    return HttpResponseRedirect(url)


def _checkout(request: HttpRequest, tenant: Tenant) -> str:
    plan, interval = request.POST["plan"], request.POST.get("interval", "")
    offer = catalogue().by_key.get(plan)
    if offer is None or interval not in list(Interval):
        raise Http404
    seats = max(offer.gives.seats, 1)
    return open_checkout(plan=plan, interval=Interval(interval), currency=currency_of(tenant), seats=seats).url


@on_accounts_host
@never_cache
@require_safe
@login_required
def export(request: HttpRequest, slug: str) -> HttpResponse:
    """Give the export of an archived or deleted company to those who answered for its bills."""
    tenant = _company(request, slug)
    closing = Closing.objects.filter(tenant=tenant).select_related("export").first()
    if closing is None or closing.export is None or closing.export.state != TenantExport.State.READY:
        raise Http404
    content = path_of(closing.export).open("rb")
    response = FileResponse(content, as_attachment=True, filename=closing.export.name, content_type="application/zip")
    response["X-Content-Type-Options"] = "nosniff"
    response["Cache-Control"] = "private, no-store"
    return response
