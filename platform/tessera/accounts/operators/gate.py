"""Who may enter the operators' pages: staff of the house, signed in by its own sign-in with a second factor, not long ago."""

import time
from collections.abc import Callable
from datetime import timedelta
from functools import wraps
from typing import Any

from allauth.account.authentication import get_authentication_records
from allauth.mfa.utils import is_mfa_enabled
from django.contrib import messages
from django.contrib.auth.views import redirect_to_login
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache

from tessera.accounts.models import Account, Membership

GOOD_FOR = timedelta(hours=12)  # a working day; then the second factor is asked for again


def is_operator(account: Any) -> bool:
    """Say whether an account is staff and of no company, so that nothing of a company's ever leads to these pages."""
    staff = isinstance(account, Account) and account.is_active and account.is_staff
    return staff and not Membership.objects.filter(account=account).exists()


def has_second_factor(request: HttpRequest) -> bool:
    """Say whether this very sign-in gave a second factor, within a working day."""
    since = time.time() - GOOD_FOR.total_seconds()
    return any(each["method"] == "mfa" and each["at"] > since for each in get_authentication_records(request, request.user))


def has_passed(request: HttpRequest) -> bool:
    """Say whether a request came through the gate."""
    return getattr(request, "is_operator", False)


def operators_only(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Serve a view to operators: others are sent to sign in, and who has is told that there is nothing here."""

    @wraps(view)
    @never_cache
    def run(request: HttpRequest, *arguments: Any, **options: Any) -> HttpResponse:
        here = request.get_full_path()
        if not request.user.is_authenticated:
            return redirect_to_login(here, reverse("account_login"))
        if not is_operator(request.user):
            raise Http404
        if has_second_factor(request):
            request.is_operator = True  # type: ignore[attr-defined]
            return view(request, *arguments, **options)
        if is_mfa_enabled(request.user):
            return HttpResponseRedirect(f"{reverse('mfa_reauthenticate')}?{urlencode({'next': here})}")
        messages.warning(request, _("Operators sign in with a second factor: set one up, then sign in again."))
        return HttpResponseRedirect(reverse("mfa_index"))

    return run
