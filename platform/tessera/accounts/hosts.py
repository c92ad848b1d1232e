"""Keep views to the hosts they are made for."""

from collections.abc import Callable, Iterable
from functools import wraps
from typing import Any

from allauth.account.adapter import get_adapter
from django.core.exceptions import ImproperlyConfigured, PermissionDenied
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import URLPattern, URLResolver

View = Callable[..., HttpResponse]
LONGEST_ADDRESS = 45  # of version 6, with one of version 4 in it


def is_accounts_host(request: HttpRequest) -> bool:
    """Say whether a request came to the accounts host, as the tenants' middleware found out."""
    return request.is_accounts_host  # type: ignore[attr-defined]


def place_of(request: HttpRequest) -> str:
    """Return the address that a request came from, as far as our proxies are believed; "" where nobody can tell."""
    try:
        return get_adapter().get_client_ip(request)[:LONGEST_ADDRESS]
    except (PermissionDenied, ImproperlyConfigured):
        return ""


def accounts_host(view: View) -> View:
    """Serve a view on the accounts host only."""

    @wraps(view)
    def run(request: HttpRequest, *arguments: Any, **options: Any) -> HttpResponse:
        if not is_accounts_host(request):
            raise Http404
        return view(request, *arguments, **options)

    return run


def one_transaction(view: View) -> View:
    """Run a view in one transaction of the public schema, for those that write several rows of it."""

    @wraps(view)
    def run(request: HttpRequest, *arguments: Any, **options: Any) -> HttpResponse:
        with transaction.atomic(using="shared"):
            return view(request, *arguments, **options)

    return run


def tenant_host(view: View) -> View:
    """Serve a view on tenants' hosts only; it runs inside the tenant."""

    @wraps(view)
    def run(request: HttpRequest, *arguments: Any, **options: Any) -> HttpResponse:
        if is_accounts_host(request):
            raise Http404
        return view(request, *arguments, **options)

    return run


def wrapped(patterns: Iterable[URLPattern | URLResolver], *wrappers: Callable[[View], View]) -> list[URLPattern | URLResolver]:
    """Return the same addresses with every view inside `wrappers`, the first one outermost."""
    kept: list[URLPattern | URLResolver] = []
    for each in patterns:
        if isinstance(each, URLResolver):
            inner = wrapped(each.url_patterns, *wrappers)
            kept.append(URLResolver(each.pattern, inner, each.default_kwargs, each.app_name, each.namespace))
        else:
            view = each.callback
            for wrap in reversed(wrappers):
                view = wrap(view)
            kept.append(URLPattern(each.pattern, view, each.default_args, each.name))
    return kept
