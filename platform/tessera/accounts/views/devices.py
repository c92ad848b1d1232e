"""Where one is signed in to apps, and how to end it."""

from typing import cast
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from tessera.accounts.models import Account
from tessera.accounts.oauth.devices import list_devices, revoke_device
from tessera.errors import ApiError


@never_cache
@login_required
@require_http_methods(["GET", "POST"])
def devices(request: HttpRequest) -> HttpResponse:
    """Show the devices of the account in all its companies; sign one of them out."""
    account = cast(Account, request.user)
    if request.method == "GET":
        return render(request, "accounts/devices.html", {"devices": list_devices(account=account)})
    try:
        wanted = UUID(request.POST.get("tenant", "")), UUID(request.POST.get("device", ""))
        revoke_device(account=account, tenant_id=wanted[0], device=wanted[1])
    except (ValueError, ApiError):
        raise Http404 from None
    return HttpResponseRedirect(reverse("account_devices"))
