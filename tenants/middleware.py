"""Host -> tenant: every request is inside one tenant, or on the accounts host, or unknown."""

from collections.abc import Callable

from django.conf import settings
from django.db import OperationalError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation.trans_real import parse_accept_lang_header
from tessera.accounts.authentication import API, authenticate, refused
from tessera.context import ANONYMOUS, acting, enter
from tessera.db.pools import none_was_free
from tessera.errors import ApiError, Code

from tenants.hosts import Place, accounts_url, host_of, is_accounts_host, place_of
from tenants.models import Tenant

HIDDEN = frozenset({Tenant.State.PREPARING, Tenant.State.DELETED})
NOTHING = """<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>There is nothing here</title>
<body style="margin: 15vh auto; padding: 0 1rem; max-width: 30rem; font: 16px/1.55 system-ui, sans-serif">
<h1>There is nothing here.</h1>
<p lang="zh-Hans">此地址没有内容。</p>
</html>
"""


class TenantMiddleware:
    """Enter the tenant of the request's host for as long as the request lasts.

    Sets `request.tenant` (a TenantRef, None on the accounts host) and `request.is_accounts_host`. Whoever finds no connection to a
    database free is told to come back.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        try:
            return self._answered(request)
        except OperationalError as error:
            if not none_was_free(error):
                raise
            return busy(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        """Answer for a view."""
        return busy(request) if none_was_free(error) else None

    def _answered(self, request: HttpRequest) -> HttpResponse:
        host = host_of(request.META.get("HTTP_HOST") or request.META.get("SERVER_NAME", ""))
        request.is_accounts_host = is_accounts_host(host)
        request.tenant = None
        if request.is_accounts_host:
            return self.get_response(request)
        place = place_of(host) if host else None
        if place is None or place.state in HIDDEN:
            return unknown_host()
        with translation.override(language_of(request, place.tenant.language)):
            if place.state != Tenant.State.ACTIVE:
                return closed(request, place)
            request.tenant = place.tenant
            return self._inside(request, place)

    def _inside(self, request: HttpRequest, place: Place) -> HttpResponse:
        with enter(place.tenant, actor=ANONYMOUS, modules=place.modules):
            if request.path == API:
                return self.get_response(request)
            try:
                actor = authenticate(request, place.tenant)
            except ApiError as error:
                return refused(request, error)
            with acting(actor):
                return self.get_response(request)


def language_of(request: HttpRequest, otherwise: str) -> str:
    """Return the first language that the client reads and we speak, or `otherwise`."""
    for code, _weight in parse_accept_lang_header(request.META.get("HTTP_ACCEPT_LANGUAGE", "")):
        try:
            return translation.get_supported_language_variant(code)
        except LookupError:
            continue
    return otherwise


def unknown_host() -> HttpResponse:
    """Return the answer for every host that is nobody's: always the same bytes."""
    return HttpResponse(NOTHING, status=404, content_type="text/html; charset=utf-8")


def closed(request: HttpRequest, place: Place) -> HttpResponse:
    """Return the answer for a tenant that may not work now: a page to a browser, an error to a program."""
    if place.state == Tenant.State.SUSPENDED:
        billing = accounts_url(settings.TESSERA_BILLING_PAGE.format(slug=place.tenant.slug))
        message = _("This company's access is suspended.")
        return _told(request, 403, Code.TENANT_SUSPENDED, message, title=place.tenant.name, billing=billing)
    message = _("This company's data is being upgraded. Please try again later.")
    return _told(request, 503, Code.TENANT_SUSPENDED, message, title=place.tenant.name)


def busy(request: HttpRequest) -> HttpResponse:
    """Return the answer where no connection to a database was free in time."""
    with translation.override(language_of(request, translation.get_language())):
        message = _("Too much is asked for at this moment. Please try again in a minute.")
        return _told(request, 504, Code.TIMEOUT, message, title=_("One moment, please"))


def _told(request: HttpRequest, status: int, code: Code, message: str, *, title: str, billing: str = "") -> HttpResponse:
    """Return a page to a browser, an error to a program."""
    if "text/html" in request.headers.get("Accept", ""):
        return render(request, "tenants/closed.html", {"title": title, "message": message, "billing": billing}, status=status)
    return JsonResponse({"errors": [{"message": message, "extensions": {"code": code}}]}, status=status)
