"""Sessions, sign-in and CSRF protection of the accounts host; other hosts know nothing of them."""

from collections.abc import Callable
from typing import Any

import redis
from django.contrib.auth.middleware import AuthenticationMiddleware
from django.contrib.auth.models import AnonymousUser
from django.contrib.messages.middleware import MessageMiddleware
from django.contrib.sessions.middleware import SessionMiddleware
from django.http import HttpRequest, HttpResponse
from django.middleware.csrf import CsrfViewMiddleware
from django.middleware.locale import LocaleMiddleware
from django.shortcuts import render

from tessera.accounts.hosts import is_accounts_host

INNER = (SessionMiddleware, LocaleMiddleware, CsrfViewMiddleware, AuthenticationMiddleware, MessageMiddleware)


class AccountsHostMiddleware:
    """Run Django's own middleware on the accounts host only: a cookie of that host means nothing elsewhere."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response
        self.on_accounts_host: Any = get_response
        for middleware in reversed(INNER):
            self.on_accounts_host = middleware(self.on_accounts_host)
        self.csrf = CsrfViewMiddleware(get_response)

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if is_accounts_host(request):
            return self.on_accounts_host(request)
        request.user = AnonymousUser()
        return self.get_response(request)

    def process_view(self, request: HttpRequest, view: Any, arguments: Any, options: Any) -> HttpResponse | None:
        return self.csrf.process_view(request, view, arguments, options) if is_accounts_host(request) else None

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """Close the doors while attempts cannot be counted, rather than let them be guessed open."""
        if is_accounts_host(request) and isinstance(exception, redis.RedisError):
            return render(request, "accounts/unavailable.html", status=503)
        return None
