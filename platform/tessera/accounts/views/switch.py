"""From the accounts host to a company's own."""

from typing import cast
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from tessera.accounts.adapter import login_mark
from tessera.accounts.addresses import tenant_url
from tessera.accounts.models import Account
from tessera.accounts.selectors import tenant_for, tenants_of
from tessera.accounts.services import issue_code

HASH_LENGTH = 64


def _account(request: HttpRequest) -> Account:
    return cast(Account, request.user)  # behind `login_required`


@never_cache
@require_GET
@login_required
def choose_tenant(request: HttpRequest) -> HttpResponse:
    """Show the companies of the account; the only one is gone to at once."""
    choices = [(tenant, tenant_url(tenant, "/session/start")) for tenant in tenants_of(_account(request))]
    if len(choices) == 1:
        return HttpResponseRedirect(choices[0][1])
    return render(request, "accounts/switch.html", {"choices": choices})


@never_cache
@require_GET
@login_required
def switch_to(request: HttpRequest, tenant_id: UUID) -> HttpResponse:
    """Send the browser back to the company's host with a code for it, bound to what it knows (`state`)."""
    account = _account(request)
    tenant = tenant_for(account, tenant_id)
    state = request.GET.get("state", "")
    if tenant is None or len(state) != HASH_LENGTH:
        raise Http404
    code = issue_code(account=account, tenant_id=tenant.id, state=state, login=login_mark(request))
    return HttpResponseRedirect(tenant_url(tenant, "/session", code=code))
