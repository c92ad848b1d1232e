"""From a request on a tenant's host to the member who sends it, or to a clear refusal."""

from dataclasses import replace
from urllib.parse import urlsplit

from django.conf import settings
from django.db.models import Exists
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import gettext as _

from tessera.access.models import AccessToken, Member
from tessera.access.selectors import actor_of, bearer_of_session, bearer_of_token, restricted
from tessera.access.services import note_use
from tessera.accounts.hosts import place_of
from tessera.accounts.models import Account, TenantSession
from tessera.accounts.oauth.models import App
from tessera.accounts.selectors import is_active
from tessera.accounts.services import SESSION_PREFIX, digest
from tessera.context import ANONYMOUS, Actor, TenantRef, current
from tessera.errors import ApiError, Code

SESSIONS = "/session"
SAFE = ("GET", "HEAD", "OPTIONS")


def cookie_name() -> str:
    """Return the name of a tenant host's session cookie; browsers hold `__Host-` ones to one host and to HTTPS."""
    return "__Host-tessera" if settings.SESSION_COOKIE_SECURE else "tessera"


def authenticate(request: HttpRequest, tenant: TenantRef) -> Actor:
    """Return who sends a request to `tenant`, which is entered; ANONYMOUS without a credential.

    A bearer token goes before the host's session cookie. UNAUTHENTICATED is raised for a credential
    that is unknown here, expired, revoked, of somebody deactivated, or of another tenant, all alike.
    The addresses below `/session` make and end sessions, so nobody is anybody there yet.
    """
    if current().tenant.id != tenant.id:
        raise RuntimeError("authenticate inside the tenant that is asked")
    if request.path == SESSIONS or request.path.startswith(f"{SESSIONS}/"):
        return ANONYMOUS
    if header := request.headers.get("Authorization"):
        scheme, _space, secret = header.partition(" ")
        secret = secret.strip()
        if scheme.lower() != "bearer" or not secret:
            raise refusal()
        return _of_session(secret, tenant) if secret.startswith(SESSION_PREFIX) else _of_token(secret, request)
    if key := request.COOKIES.get(cookie_name()):
        actor = _of_session(key, tenant)
        if request.method not in SAFE:
            _demand_same_origin(request)
        return actor
    return ANONYMOUS


def refusal() -> ApiError:
    """Return the one answer to every credential that is not good here."""
    return ApiError(Code.UNAUTHENTICATED, _("Sign in: this credential is not valid here."))


def _of_session(key: str, tenant: TenantRef) -> Actor:
    """Return the actor of a session; its row is public, so it is compared with all that it was made for."""
    found = TenantSession.objects.select_related("account").filter(hash=digest(key), tenant_id=tenant.id).first()
    if found is None or found.expires_at <= timezone.now():
        raise refusal()
    account = found.account
    bearer = bearer_of_session(member=found.member_id, epoch=found.member_epoch, account=account.pk)
    if not account.is_active or account.epoch != found.account_epoch or bearer is None or not bearer.is_alive:
        raise refusal()
    return actor_of(bearer.member, epoch=bearer.role_epoch)


def _of_token(secret: str, request: HttpRequest) -> Actor:
    """Return the actor of a token, with no right beyond the token's; its row is in the tenant's own schema."""
    bearer = bearer_of_token(hash=digest(secret))
    if bearer is None or bearer.token is None or not bearer.is_alive:
        raise refusal()
    member, token = bearer.member, bearer.token
    is_ours = _standing(member, token)
    if is_ours is None:
        raise refusal()
    note_use(token, place=lambda: place_of(request))
    actor = restricted(actor_of(member, epoch=bearer.role_epoch), token.scopes, app=token.app)
    return replace(actor, token_id=token.pk, is_ours=is_ours)


def _standing(member: Member, token: AccessToken) -> bool | None:
    """Say whether a token is of an app of the platform's own; None where its account is gone, or an app's password or registration."""
    if not token.app:
        return False if is_active(member.account_id) else None
    account = Account.objects.filter(pk=member.account_id, is_active=True, epoch=token.account_epoch)
    here = App.objects.of_tenant(current().tenant.id).filter(client=token.app)
    return here.filter(Exists(account)).values_list("is_ours", flat=True).first()


def _demand_same_origin(request: HttpRequest) -> None:
    """Refuse a write that another site, also a sister subdomain, made the browser send with its cookie."""
    origin = request.headers.get("Origin", "")
    if origin != f"{request.scheme}://{request.get_host()}" or not urlsplit(origin).netloc:
        raise ApiError(Code.FORBIDDEN, _("This request did not come from this site's own pages."))


def refused(request: HttpRequest, error: ApiError) -> HttpResponse:
    """Return the response to a request whose credential was refused; it also lets go of a dead cookie.

    A browser that asks for a page is sent to sign in and comes back to it.
    """
    wants_page = request.method == "GET" and "text/html" in request.headers.get("Accept", "")
    if wants_page and "Authorization" not in request.headers:
        response: HttpResponse = HttpResponseRedirect(f"{SESSIONS}/start?{urlencode({'next': request.get_full_path()})}")
    else:
        status = 403 if error.code == Code.FORBIDDEN else 401
        response = JsonResponse({"errors": [{"message": error.message, "extensions": {"code": error.code}}]}, status=status)
        response["WWW-Authenticate"] = "Bearer"
    if error.code == Code.UNAUTHENTICATED and "Authorization" not in request.headers:
        forget_session(response)
    return response


def keep_session(response: HttpResponse, key: str, seconds: int) -> None:
    """Set the host's own session cookie."""
    response.set_cookie(
        cookie_name(), key, max_age=seconds, path="/", secure=settings.SESSION_COOKIE_SECURE, httponly=True, samesite="Lax"
    )


def forget_session(response: HttpResponse) -> None:
    """Delete the host's own session cookie; a browser only takes that with the attributes it was set with."""
    keep_session(response, "", 0)
