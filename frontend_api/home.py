"""What a person sees who opens a host in a browser: where one is, as whom, and where the API is."""

from typing import cast

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from tessera.accounts.addresses import accounts_url, tenant_url
from tessera.accounts.models import Account
from tessera.accounts.selectors import tenants_of
from tessera.context import Context, current_or_none
from tessera.graph.answers import may_explore
from tessera.module import modules

from billing.partners.people import partners_of


@never_cache
@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """Show a company's front page, or on the accounts host the way in and the companies of who is signed in."""
    if context := current_or_none():
        return _company(request, context)
    if not request.user.is_authenticated:
        return render(request, "frontend_api/welcome.html")
    account = cast(Account, request.user)
    choices = [(tenant, tenant_url(tenant, "/session/start")) for tenant in tenants_of(account)]
    sells = partners_of(account)
    return render(request, "accounts/switch.html", {"choices": choices, "partners": reverse("partners") if sells else ""})


def _company(request: HttpRequest, context: Context) -> HttpResponse:
    shown = {
        "company": context.tenant.name,
        "actor": context.actor if context.actor.member_id else None,
        "modules": [module.title for label, module in modules().items() if label in context.modules and not module.is_bundle],
        "api": tenant_url(context.tenant, "/graphql"),
        "accounts": accounts_url(""),
        "explores": context.actor.member_id is not None and may_explore(),
    }
    return render(request, "frontend_api/company.html", shown)
