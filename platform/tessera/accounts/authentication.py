"""From a request on a tenant's host to the member who sends it, or to a clear refusal."""

from dataclasses import dataclass, field, replace
from datetime import datetime
from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import gettext as _

from tessera.access.models import AccessToken, Member
from tessera.access.selectors import actor_of, bearer_of_session, bearer_of_token, restricted
from tessera.access.services import note_use
from tessera.accounts import recalled
from tessera.accounts.hosts import place_of
from tessera.accounts.recalled import Identity
from tessera.accounts.selectors import active_account, app_at, session_of
from tessera.accounts.services import SESSION_PREFIX, digest
from tessera.context import ANONYMOUS, Actor, TenantRef, current
from tessera.db.pools import take_public
from tessera.db.prepared import Proof, Told
from tessera.errors import ApiError, Code

SESSIONS = "/session"
API = "/graphql"  # its view asks who sends a request itself, together with what is asked for
SAFE = ("GET", "HEAD", "OPTIONS")


def cookie_name() -> str:
    """Return the name of a tenant host's session cookie; browsers hold `__Host-` ones to one host and to HTTPS."""
    return "__Host-tessera" if settings.SESSION_COOKIE_SECURE else "tessera"


@dataclass(frozen=True, slots=True)
class Credential:
    """A session or a token, by its hash."""

    hash: str
    is_session: bool
    in_cookie: bool = field(default=False, compare=False)


def credential_of(request: HttpRequest) -> Credential | None:
    """Return what a request shows, None where it shows nothing; a bearer token goes before the host's session cookie.

    UNAUTHENTICATED is raised for an Authorization of another kind. The addresses below `/session` make and end sessions, so nobody
    is anybody there yet.
    """
    if request.path == SESSIONS or request.path.startswith(f"{SESSIONS}/"):
        return None
    if header := request.META.get("HTTP_AUTHORIZATION"):
        scheme, _space, secret = header.partition(" ")
        secret = secret.strip()
        if scheme.lower() != "bearer" or not secret:
            raise refusal()
        return Credential(digest(secret), secret.startswith(SESSION_PREFIX))
    key = request.COOKIES.get(cookie_name())
    return Credential(digest(key), is_session=True, in_cookie=True) if key else None


def authenticate(request: HttpRequest, tenant: TenantRef) -> Actor:
    """Return who sends a request to `tenant`, which is entered; ANONYMOUS without a credential.

    UNAUTHENTICATED is raised for a credential that is unknown here, expired, revoked, of somebody deactivated, or of another tenant,
    all alike.
    """
    if current().tenant.id != tenant.id:
        raise RuntimeError("authenticate inside the tenant that is asked")
    credential = credential_of(request)
    if credential is None:
        return ANONYMOUS
    identity, expires_at = _of_session(credential, tenant) if credential.is_session else _of_token(credential, request)
    recalled.keep(credential.hash, identity, expires_at=expires_at)
    _demand_same_origin(request, credential)
    return identity.actor


def recall(request: HttpRequest) -> Identity | None:
    """Return who showed the credential of a request a moment ago; it counts for nothing before its proof is told again."""
    credential = credential_of(request)
    found = recalled.recalled(credential.hash) if credential else None
    if credential and found:
        _demand_same_origin(request, credential)
    return found


def refusal() -> ApiError:
    """Return the one answer to every credential that is not good here."""
    return ApiError(Code.UNAUTHENTICATED, _("Sign in: this credential is not valid here."))


def _of_session(credential: Credential, tenant: TenantRef) -> tuple[Identity, datetime]:
    """Return who is behind a session; its row is public, so it is compared with all that it was made for."""
    found = session_of(tenant.id, hash=credential.hash)
    if found is None or found[0].expires_at <= timezone.now():
        raise refusal()
    session, public = found
    bearer = bearer_of_session(member=session.member_id, epoch=session.member_epoch, account=session.account_id)
    if bearer is None or bearer.told is None or not bearer.is_alive:
        raise refusal()
    return Identity(actor_of(bearer.member, epoch=bearer.role_epoch), Proof(bearer.told, public)), session.expires_at


def _of_token(credential: Credential, request: HttpRequest) -> tuple[Identity, datetime]:
    """Return who is behind a token, with no right beyond the token's; its row is in the tenant's own schema."""
    take_public()
    bearer = bearer_of_token(hash=credential.hash)
    if bearer is None or bearer.token is None or bearer.told is None or not bearer.is_alive:
        raise refusal()
    member, token = bearer.member, bearer.token
    is_ours, public = _standing(member, token)
    note_use(token, place=lambda: place_of(request))
    actor = restricted(actor_of(member, epoch=bearer.role_epoch), token.scopes, app=token.app)
    return Identity(replace(actor, token_id=token.pk, is_ours=is_ours), Proof(bearer.told, public)), token.expires_at


def _standing(member: Member, token: AccessToken) -> tuple[bool, Told]:
    """Say whether a token is of an app of the platform's own, and what tells that its account is as it was, and its app registered."""
    if not token.app:
        if active := active_account(member.account_id):
            return False, active
        raise refusal()
    assert token.account_epoch is not None  # the database sees to it
    found = app_at(current().tenant.id, client=token.app, account_id=member.account_id, account_epoch=token.account_epoch)
    if found is None:
        raise refusal()
    return found


def _demand_same_origin(request: HttpRequest, credential: Credential) -> None:
    """Refuse a write that another site, also a sister subdomain, made the browser send with its cookie."""
    if not credential.in_cookie or request.method in SAFE:
        return
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
