"""The devices of one account in all its companies: each company keeps its own, and is asked for them in turn."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.utils import timezone

from tessera.access.models import AccessToken, Member
from tessera.access.selectors import active_member, actor_of
from tessera.access.services import revoke_token
from tessera.accounts.models import Account
from tessera.accounts.oauth.models import App
from tessera.accounts.selectors import tenants_of
from tessera.context import TenantRef, acting, directory, enter, system
from tessera.errors import ApiError, Code


@dataclass(frozen=True)
class Device:
    """A device on which an app is signed in to one company."""

    id: UUID
    tenant_id: UUID
    tenant: str
    app: str
    name: str
    platform: str
    place: str
    last_seen_at: datetime | None
    signed_in_at: datetime


def list_devices(*, account: Account) -> list[Device]:
    """Return where an account is signed in now, the device that was seen last first; those of apps that are gone are not."""
    found = []
    for tenant in tenants_of(account):
        with _as_member(account, tenant) as member:
            mine = AccessToken.objects.filter(member=member, kind=AccessToken.Kind.APP, revoked_at=None)
            apps = App.objects.of_tenant(tenant.id).values_list("client_id", flat=True)
            alive = mine.filter(renewable_until__gt=timezone.now(), account_epoch=account.epoch, app__in=list(apps))
            found += [
                Device(
                    each.pk,
                    tenant.id,
                    tenant.name,
                    each.app_name,
                    each.name,
                    each.platform,
                    each.place,
                    each.last_used_at,
                    each.created_at,
                )
                for each in alive
            ]
    return sorted(found, key=lambda each: each.last_seen_at or each.signed_in_at, reverse=True)


def revoke_device(*, account: Account, tenant_id: UUID, device: UUID) -> None:
    """Sign a device of an account out; NOT_FOUND for what is not its own."""
    tenant = next((each for each in tenants_of(account) if each.id == tenant_id), None)
    if tenant is not None:
        with _as_member(account, tenant) as member:
            found = AccessToken.objects.filter(pk=device, member=member, kind=AccessToken.Kind.APP).first() if member else None
            if found is not None and member is not None:
                with acting(actor_of(member)):
                    revoke_token(access_token=found)
                return
    raise ApiError(Code.NOT_FOUND, "There is no such device.")


@contextmanager
def _as_member(account: Account, tenant: TenantRef) -> Iterator[Member | None]:
    """Enter a company that an account belongs to; yields who it is there."""
    with enter(tenant, actor=system("own devices"), modules=directory().find(tenant.id)[1]):
        yield active_member(account_id=account.pk)
