"""Which company an app is let into: named by its address as the `resource` of RFC 8707, or chosen by the person."""

from collections.abc import Iterable
from urllib.parse import urlsplit
from uuid import UUID

from allauth.idp.oidc.models import Client

from tessera.accounts.addresses import tenant_url
from tessera.accounts.models import Account
from tessera.accounts.oauth.models import App
from tessera.accounts.selectors import tenants_of
from tessera.context import TenantRef


def target_of(tenant: TenantRef, account: Account) -> str:
    """Return what a code is for: a tenant, while the account's password is what it is now."""
    return f"{tenant.id.hex}:{account.epoch}"


def read_target(text: str) -> tuple[UUID, int] | None:
    """Return the tenant and the epoch of the account that a code is for."""
    tenant, _colon, epoch = text.partition(":")
    try:
        return UUID(hex=tenant), int(epoch)
    except ValueError:
        return None


def is_of(resource: str, tenant: TenantRef) -> bool:
    """Say whether an address is one of a tenant's."""
    asked, own = urlsplit(resource), urlsplit(tenant_url(tenant))
    return (asked.scheme, asked.netloc.lower()) == (own.scheme, own.netloc.lower())


def tenants_for(account: Account, client: Client, resources: Iterable[str]) -> list[TenantRef]:
    """Return the tenants of an account that an app may be let into, of those that it asks for if it asks for any."""
    app = App.objects.filter(client=client).first()
    if app is None:
        return []
    wanted = list(resources)
    mine = [tenant for tenant in tenants_of(account) if app.tenant_id in (None, tenant.id)]
    return [tenant for tenant in mine if not wanted or any(is_of(each, tenant) for each in wanted)]
