"""The server-rendered pages of the accounts host: signing up, confirming, and development's mail."""

from collections.abc import Callable
from email import message_from_bytes, policy
from functools import wraps
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.auth import login
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.translation import get_language
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe
from tessera.accounts.models import Account
from tessera.errors import ApiError, Refused

from tenants.forms import SignUpForm
from tenants.hosts import tenant_url
from tenants.signup import confirm_signup, request_signup, signup_of
from tenants.wishes import read_wish, told_wish

MAIL_TO_FILES = "django.core.mail.backends.filebased.EmailBackend"
View = Callable[..., HttpResponse]


def on_accounts_host(view: View) -> View:
    """Serve a view on the accounts host only; it opens its own transactions, for it takes several."""

    @wraps(view)
    def run(request: HttpRequest, *args: Any, **options: Any) -> HttpResponse:
        if not request.is_accounts_host:  # type: ignore[attr-defined]
            raise Http404
        return view(request, *args, **options)

    return run


def mail_is_in_files() -> bool:
    """Say whether mail is written to files, as in development."""
    return settings.EMAIL_BACKEND == MAIL_TO_FILES


@on_accounts_host
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def sign_up(request: HttpRequest) -> HttpResponse:
    """Show the sign-up form, and take it."""
    form = SignUpForm(request.POST or None, wished=request.GET.getlist("modules"))
    wish = read_wish(dict(request.GET.lists()))
    chosen = told_wish(wish)
    if chosen and chosen.problem:
        wish = None  # the page says so
    status = 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            try:
                here = {"language": get_language() or "en", "ip": request.META.get("REMOTE_ADDR", "")}
                request_signup(**form.cleaned_data, **here, wish=wish)
                return HttpResponseRedirect("/signup/sent")
            except Refused as refused:
                form.add_refusal(refused)
            except ApiError as error:
                form.add_error(None, error.message)
                status = 429
    return render(request, "tenants/signup.html", {"form": form, "chosen": chosen}, status=status)


@on_accounts_host
@require_safe
def sent(request: HttpRequest) -> HttpResponse:
    """Say that the link is on its way."""
    return render(request, "tenants/sent.html", {"mail_page": mail_is_in_files()})


@on_accounts_host
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def confirm(request: HttpRequest, token: str) -> HttpResponse:
    """Show the button that confirms, for mail scanners open links too; pressed, make the tenant and go there."""
    try:
        if request.method != "POST":
            found = signup_of(token)
            shown = {"company": found.company, "address": tenant_url(found.slug, ""), "chosen": told_wish(found.wish)}
            return render(request, "tenants/confirm.html", shown)
        done = confirm_signup(token=token)
    except Refused as refused:
        return render(request, "tenants/confirm.html", {"error": str(refused)}, status=422)
    if done.new_account and hasattr(request, "session"):
        login(request, Account.objects.get(pk=done.account_id), backend=settings.AUTHENTICATION_BACKENDS[0])
    return HttpResponseRedirect(tenant_url(done.slug, "/session/start"))


@on_accounts_host
@never_cache
@require_safe
def mail(request: HttpRequest) -> HttpResponse:
    """Show the mail of a development server; nowhere else is there such a page."""
    if not mail_is_in_files():
        raise Http404
    files = sorted(Path(settings.EMAIL_FILE_PATH).glob("*.log"), key=lambda file: file.stat().st_mtime_ns, reverse=True)
    return render(request, "tenants/mail.html", {"mails": [each for file in files[:50] for each in _mails_of(file)]})


def _mails_of(file: Path) -> list[dict[str, str]]:
    """Return the mails in a file of the file backend, the last one first."""
    found = []
    for part in file.read_bytes().split(b"-" * 79 + b"\n"):
        if not part.strip():
            continue
        message = message_from_bytes(part, policy=policy.default)
        body = message.get_body(preferencelist=("plain", "html"))
        text = body.get_content() if body else ""
        found.append({"subject": message["subject"], "to": message["to"], "date": message["date"], "text": text})
    return found[::-1]
