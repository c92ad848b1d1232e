"""The OAuth server: django-allauth's, with tokens that are devices of one tenant.

Of its own tables only the clients are used. Codes wait in the cache for a minute; what a code or a refresh token becomes is
a row of the tenant (`tessera.access.services.devices`), so that whoever may revoke it there has revoked it everywhere.
An instance serves one request.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from allauth.core import context
from allauth.idp.oidc.adapter import get_adapter as get_provider
from allauth.idp.oidc.internal.oauthlib import authorization_codes
from allauth.idp.oidc.internal.oauthlib.request_validator import OAuthLibRequestValidator
from allauth.idp.oidc.internal.oauthlib.utils import get_validator_context
from allauth.idp.oidc.internal.resources import InvalidTargetError
from allauth.idp.oidc.models import Client
from django.core.cache import cache  # allow raw-cache: a code is of the accounts host, where no tenant is entered
from django.utils import timezone
from oauthlib.common import Request
from oauthlib.oauth2.rfc6749.errors import InvalidGrantError
from oauthlib.openid import Server

from tessera.access.models import Member
from tessera.access.scopes import is_within
from tessera.access.selectors import active_member, bearer_of_token
from tessera.access.services import DeviceOf, DeviceSecrets, renew_device, sign_in_device, sign_out_device
from tessera.access.services.devices import ACCESS_LIFETIME, RENEWABLE, new_secrets, tenant_of
from tessera.accounts.addresses import tenant_url
from tessera.accounts.hosts import place_of
from tessera.accounts.models import Account
from tessera.accounts.oauth.models import App
from tessera.accounts.oauth.targets import is_of, read_target
from tessera.accounts.services import digest
from tessera.context import TenantRef, directory, enter, system
from tessera.fields import new_id

ACTOR = system("sign-in of an app")
REPLAYS_NOTICED = 24 * 3600  # seconds for which a code that was used is known


@dataclass
class Grant:
    """What the request at hand gives: secrets of one device in one tenant; `refresh` is the token that it renews.

    With `until` that was done a moment ago, and is only told again.
    """

    tenant: TenantRef
    modules: frozenset[str]
    device: UUID
    member: Member
    secrets: DeviceSecrets
    refresh: str = ""
    until: datetime | None = None

    def inside(self) -> Any:
        """Enter the tenant."""
        return enter(self.tenant, actor=ACTOR, modules=self.modules)


class Provider(OAuthLibRequestValidator):
    """What django-allauth's provider asks, answered from the tenant's devices."""

    def __init__(self) -> None:
        super().__init__()
        self.grant: Grant | None = None
        self._scopes: list[str] = []

    def is_pkce_required(self, client_id: str, request: Request) -> bool:
        return True

    def validate_code(self, client_id: str, code: str, client: Client, request: Request, *more: Any, **options: Any) -> bool:
        """Say whether a code is good, which it is once; shown again it signs out what it became."""
        if authorization_codes.lookup(client_id, code) is None or not cache.add(_used(code), "", timeout=REPLAYS_NOTICED):
            self._end_device_of_code(code, client)
            return False
        if not super().validate_code(client_id, code, client, request, *more, **options):
            return False
        self._demand_same_target(get_validator_context())
        self.grant = _new_grant(client, request.user, (get_validator_context().granted_resources or [""])[0])
        return self.grant is not None

    def _end_device_of_code(self, code: str, client: Client) -> None:
        tenant, _colon, device = (cache.get(_used(code)) or "").partition(":")
        found = _find(UUID(tenant)) if device else None
        if found is not None:
            with enter(found[0], actor=ACTOR, modules=found[1]):
                sign_out_device(device=UUID(device), app=client.id)

    def _demand_same_target(self, asked: Any) -> None:
        """Refuse a token request that names another company than the one that was chosen."""
        target = read_target((asked.granted_resources or [""])[0])
        found = _find(target and target[0])
        if asked.requested_resources and (found is None or not all(is_of(each, found[0]) for each in asked.requested_resources)):
            raise InvalidTargetError

    def validate_refresh_token(self, refresh_token: str, client: Client, request: Request, *more: Any, **options: Any) -> bool:
        found = _find(tenant_of(refresh_token))
        if found is None or not App.objects.of_tenant(found[0].id).filter(client=client).exists():
            return False
        with enter(found[0], actor=ACTOR, modules=found[1]):
            renewal = renew_device(refresh=refresh_token, app=client.id)
            if renewal is None:
                return False
            device = renewal.device
            account = _account_of(device.member.account_id, device.account_epoch)
            if account is None:
                return False
            self.grant = Grant(*found, device.pk, device.member, new_secrets(device.pk), refresh_token)
            self._scopes = list(device.granted)
            if renewal.answered:
                self.grant.secrets, self.grant.until, self._scopes = renewal.answered, device.expires_at, list(device.scopes)
                request.scope = None  # it gets what it got
        request.user = account
        return True

    def validate_silent_authorization(self, request: Request) -> bool:
        return True  # who has to be asked is for the page to say

    def get_original_scopes(self, refresh_token: str, request: Request, *more: Any, **options: Any) -> list[str]:
        return self._scopes

    def is_within_original_scope(
        self, request_scopes: list[str], refresh_token: str, request: Request, *more: Any, **options: Any
    ) -> bool:
        """Say whether scopes that an access token is narrowed to are part of what was granted."""
        return all(is_within(each, self._scopes) for each in request_scopes)

    def access_token(self, request: Request) -> str:
        """Return the access token of the grant at hand."""
        assert self.grant is not None
        return self.grant.secrets.access

    def refresh_token(self, request: Request) -> str:
        """Return the refresh token of the grant at hand."""
        assert self.grant is not None
        return self.grant.secrets.refresh

    def save_bearer_token(self, token: dict[str, Any], request: Request, *more: Any, **options: Any) -> None:
        """Keep the secrets of the grant in its tenant, and tell the app where they are good."""
        grant = self.grant
        assert grant is not None
        place = place_of(context.request)
        with grant.inside():
            if not grant.refresh:
                asked = context.request.POST
                sign_in_device(
                    device=grant.device,
                    member=grant.member,
                    account_epoch=request.user.epoch,
                    app=request.client.id,
                    app_name=request.client.name,
                    scopes=list(request.scopes),
                    about=DeviceOf(_plain(asked.get("device_name", "")), _plain(asked.get("device_platform", "")), place),
                    given=grant.secrets,
                )
                cache.set(_used(request.code), f"{grant.tenant.id}:{grant.device}", timeout=REPLAYS_NOTICED)
            elif grant.until is None:
                self._renew(grant, token, request, place)
        if grant.until is not None:
            token["expires_in"] = max(int((grant.until - timezone.now()).total_seconds()), 0)
        token["refresh_expires_in"] = int(RENEWABLE.total_seconds())
        token |= {"tenant": str(grant.tenant.id), "api": tenant_url(grant.tenant, "/graphql"), "device": str(grant.device)}

    def _renew(self, grant: Grant, token: dict[str, Any], request: Request, place: str) -> None:
        wanted = list(request.scopes)
        renewal = renew_device(refresh=grant.refresh, app=request.client.id, given=grant.secrets, scopes=wanted, place=place)
        if renewal is None:
            raise InvalidGrantError(request=request)
        if renewal.answered:  # another copy of the request was quicker: both get what that got
            token |= {"access_token": renewal.answered.access, "refresh_token": renewal.answered.refresh}
            token["scope"] = " ".join(renewal.device.scopes)
            token.pop("id_token", None)  # it speaks of the access token that nobody gets
            grant.until = renewal.device.expires_at

    def validate_bearer_token(self, token: str, scopes: list[str], request: Request) -> bool:
        """Say whether an access token is good here, where an app only asks who somebody is."""
        found = _find(tenant_of(token or ""))
        if found is None:
            return False
        with enter(found[0], actor=ACTOR, modules=found[1]):
            bearer = bearer_of_token(hash=digest(token))
        if bearer is None or bearer.token is None or not bearer.is_alive or not set(scopes) <= set(bearer.token.scopes):
            return False
        app = App.objects.of_tenant(found[0].id).select_related("client").filter(client=bearer.token.app).first()
        account = _account_of(bearer.member.account_id, bearer.token.account_epoch)
        if app is None or account is None:
            return False
        request.user, request.scopes, request.client = account, list(bearer.token.scopes), app.client
        return True

    def get_userinfo_claims(self, request: Request) -> dict[str, Any]:
        return get_provider().get_claims("userinfo", request.user, request.client, request.scopes)

    def revoke_token(self, token: str, token_type_hint: str, request: Request, *more: Any, **options: Any) -> None:
        """Sign the device out, by whichever of its secrets; what is unknown or another app's changes nothing."""
        found = _find(tenant_of(token or ""))
        if found is not None:
            with enter(found[0], actor=ACTOR, modules=found[1]):
                sign_out_device(secret=token, app=request.client.id)


def _used(code: str) -> str:
    """Return the key under which it is known that a code was used, and what it became."""
    return f"accounts:code:{digest(code)}"


def _find(tenant_id: UUID | None) -> tuple[TenantRef, frozenset[str]] | None:
    try:
        return directory().find(tenant_id) if tenant_id else None
    except LookupError:
        return None


def _account_of(account_id: UUID | None, epoch: int | None) -> Account | None:
    return Account.objects.filter(pk=account_id, is_active=True, epoch=epoch).first()


def _new_grant(client: Client, account: Account, target: str) -> Grant | None:
    """Return what a code gives, None where the app or the account may not go in (any more)."""
    read = read_target(target)
    found = _find(read and read[0])
    if read is None or found is None or read[1] != account.epoch:
        return None
    if not App.objects.of_tenant(found[0].id).filter(client=client).exists():
        return None
    with enter(found[0], actor=ACTOR, modules=found[1]):
        member = active_member(account_id=account.pk)
        device = new_id()
        return Grant(*found, device, member, new_secrets(device)) if member else None


def _plain(text: str) -> str:
    """Return what an app says of a device without what no text may have."""
    return "".join(each for each in text if each.isprintable()).strip()


def server() -> tuple[Server, Provider]:
    """Return the OAuth server for one request, with what answers it."""
    provider = Provider()
    made = Server(
        provider,
        token_expires_in=int(ACCESS_LIFETIME.total_seconds()),
        token_generator=provider.access_token,
        refresh_token_generator=provider.refresh_token,
    )
    return made, provider
