"""Host -> tenant: every request is inside one tenant, or on the accounts host, or unknown."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.translation import gettext as _
from tessera.accounts.authentication import authenticate, refused
from tessera.context import ANONYMOUS, acting, enter
from tessera.errors import ApiError, Code

from tenants.hosts import host_of, is_accounts_host, place_of
from tenants.models import Tenant

HIDDEN = frozenset({Tenant.State.PREPARING, Tenant.State.DELETED})


class TenantMiddleware:
    """Enter the tenant of the request's host for as long as the request lasts.

    Sets `request.tenant` (a TenantRef, None on the accounts host) and `request.is_accounts_host`.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        host = host_of(request.META.get("HTTP_HOST") or request.META.get("SERVER_NAME", ""))
        request.is_accounts_host = is_accounts_host(host)
        request.tenant = None
        if request.is_accounts_host:
            return self.get_response(request)
        place = place_of(host) if host else None
        if place is None or place.state in HIDDEN:
            return unknown_host()
        if place.state != Tenant.State.ACTIVE:
            return closed(place.state)
        request.tenant = place.tenant
        with enter(place.tenant, actor=ANONYMOUS, modules=place.modules):
            try:
                actor = authenticate(request, place.tenant)
            except ApiError as error:
                return refused(request, error)
            with acting(actor):
                return self.get_response(request)


def unknown_host() -> HttpResponse:
    """Return the answer for every host that is nobody's: always the same bytes."""
    return HttpResponse("There is nothing here.\n", status=404, content_type="text/plain; charset=utf-8")


def closed(state: str) -> HttpResponse:
    """Return the answer for a tenant that may not work now."""
    if state == Tenant.State.SUSPENDED:
        status, message = 403, _("This company's access is suspended.")
    else:
        status, message = 503, _("This company's data is being upgraded. Please try again later.")
    error = {"message": message, "extensions": {"code": Code.TENANT_SUSPENDED}}
    return JsonResponse({"errors": [error]}, status=status)
