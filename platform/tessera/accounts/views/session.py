"""Begin and end a session on a tenant's host.

A browser starts here, is sent to the accounts host with the hash of a secret that its cookie
keeps, and comes back with a code for just that secret: nobody can be signed in to an account that
is not theirs by a link. A program exchanges a code for a bearer token directly.
"""

import secrets

from django.conf import settings
from django.core import signing  # allow raw-signing: the salt below names the tenant and the purpose
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from tessera.accounts.addresses import accounts_url, local_path
from tessera.accounts.authentication import cookie_name, forget_session, keep_session
from tessera.accounts.hosts import tenant_host
from tessera.accounts.services import BROWSER_LIFETIME, PROGRAM_LIFETIME, digest, end_session, redeem_code
from tessera.accounts.views.answers import body_of, json_view
from tessera.context import current
from tessera.errors import ApiError

MINUTES_TO_SIGN_IN = 30


def _state_cookie() -> str:
    return "__Host-tessera-state" if settings.SESSION_COOKIE_SECURE else "tessera-state"


def _salt() -> str:
    return f"tessera.accounts.state:{current().tenant.id}"


@tenant_host
@never_cache
@require_GET
def start(request: HttpRequest) -> HttpResponse:
    """Send the browser to sign in, and remember where it wanted to go (`next`, a path of this host)."""
    secret = secrets.token_urlsafe(32)
    kept = signing.dumps({"secret": secret, "next": local_path(request.GET.get("next", "/"))}, salt=_salt())
    response = HttpResponseRedirect(accounts_url(f"/switch/{current().tenant.id}?state={digest(secret)}"))
    _keep_state(response, kept, MINUTES_TO_SIGN_IN * 60)
    return response


@csrf_exempt
@tenant_host
@never_cache
@require_http_methods(["GET", "POST"])
def begin(request: HttpRequest) -> HttpResponse:
    """Turn a code into a session: a cookie for the browser that started (GET), a token for a program (POST)."""
    return _begin_program(request) if request.method == "POST" else _begin_browser(request)


@json_view
def _begin_program(request: HttpRequest) -> JsonResponse:
    code = body_of(request, ("code",))["code"]
    key, session = redeem_code(tenant=current().tenant, code=code, lifetime=PROGRAM_LIFETIME)
    return JsonResponse({"token": key, "expiresAt": session.expires_at.isoformat(), "member": str(session.member_id)})


def _begin_browser(request: HttpRequest) -> HttpResponse:
    try:
        kept = signing.loads(request.COOKIES.get(_state_cookie(), ""), salt=_salt(), max_age=MINUTES_TO_SIGN_IN * 60)
        state, path = digest(kept["secret"]), local_path(kept["next"])
        key, _session = redeem_code(
            tenant=current().tenant, code=request.GET.get("code", ""), state=state, lifetime=BROWSER_LIFETIME
        )
    except (signing.BadSignature, ApiError):
        return render(request, "accounts/session_refused.html", {"tenant": current().tenant}, status=401)
    response = HttpResponseRedirect(path)
    _keep_state(response, "", 0)
    keep_session(response, key, int(BROWSER_LIFETIME.total_seconds()))
    return response


def _keep_state(response: HttpResponse, kept: str, seconds: int) -> None:
    response.set_cookie(
        _state_cookie(), kept, max_age=seconds, path="/", secure=settings.SESSION_COOKIE_SECURE, httponly=True, samesite="Lax"
    )


@csrf_exempt
@tenant_host
@never_cache
@require_POST
def end(request: HttpRequest) -> HttpResponse:
    """End the session of the cookie or the bearer token, on the server and in the browser.

    A browser goes on to the accounts host, where it may sign out altogether. Another site that
    sends somebody here ends a session and learns nothing, so nothing more is asked.
    """
    scheme, _space, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        end_session(key=token.strip())
        return HttpResponse(status=204)
    if key := request.COOKIES.get(cookie_name()):
        end_session(key=key)
    response = HttpResponseRedirect(accounts_url("/account/logout/"))
    forget_session(response)
    return response
