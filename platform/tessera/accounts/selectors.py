"""Where an account belongs."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from allauth.account.models import EmailAddress

from tessera.accounts.models import Account, Membership
from tessera.accounts.oauth.models import App
from tessera.context import TenantRef, directory
from tessera.db.prepared import Told, told

# What every request with a credential asks of public rows, besides its member.
_ACTIVE = "SELECT a.id FROM accounts_account a WHERE a.id = $1 AND a.is_active"
_OF_APP = (
    f"SELECT app.is_ours FROM {App._meta.db_table} app JOIN accounts_account a ON a.id = $3"  # noqa: S608  (our own names)
    " WHERE app.client_id = $1 AND (app.tenant_id IS NULL OR app.tenant_id = $2) AND a.is_active AND a.epoch = $4"
)
_SESSION = (
    "SELECT s.member_id, s.member_epoch, s.account_id, s.expires_at"
    " FROM accounts_tenantsession s JOIN accounts_account a ON a.id = s.account_id"
    " WHERE s.hash = $1 AND s.tenant_id = $2 AND a.is_active AND a.epoch = s.account_epoch"
)


def account_at(email: str) -> Account | None:
    """Return the account of whoever showed to read an address, or who signs in by it; None where there is none."""
    shown = EmailAddress.objects.select_related("user").filter(email__iexact=email, verified=True).first()
    return shown.user if shown else Account.objects.filter(email__iexact=email).first()


def tenants_indexed(account: Account) -> list[UUID]:
    """Return the keys of the tenants in which an account is indexed, also of those that may not work."""
    return list(Membership.objects.filter(account=account).values_list("tenant_id", flat=True))


def tenants_of(account: Account) -> list[TenantRef]:
    """Return the tenants that may work and in which an account is indexed, by name."""
    found = []
    for tenant_id in tenants_indexed(account):
        try:
            found.append(directory().find(tenant_id)[0])
        except LookupError:
            continue  # suspended or gone: there is nothing to switch to
    return sorted(found, key=lambda tenant: (tenant.name.lower(), tenant.id))


def tenant_for(account: Account, tenant_id: UUID) -> TenantRef | None:
    """Return a tenant in which an account is indexed, None where there is none that may work."""
    return next((tenant for tenant in tenants_of(account) if tenant.id == tenant_id), None)


def active_account(account_id: UUID) -> Told | None:
    """Return what tells that an account is there and active; None where it is not."""
    found = told("shared", _ACTIVE, [str(account_id)])
    return found and found[1]


def app_at(tenant: UUID, *, client: str, account_id: UUID, account_epoch: int) -> tuple[bool, Told] | None:
    """Return whether an app is the platform's own; None where it is not for the tenant, or an account is not as it was."""
    found = told("shared", _OF_APP, [client, str(tenant), str(account_id), str(account_epoch)])
    return found and (found[0][0], found[1])


@dataclass(frozen=True)
class Session:
    """What the session of a host was made for."""

    member_id: UUID
    member_epoch: int
    account_id: UUID
    expires_at: datetime


def session_of(tenant: UUID, *, hash: str) -> tuple[Session, Told] | None:
    """Return a session on the host of a tenant whose account is as it was, also one that is over."""
    found = told("shared", _SESSION, [hash, str(tenant)])
    return found and (Session(*found[0]), found[1])
