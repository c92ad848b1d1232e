"""Where an account belongs."""

from uuid import UUID

from allauth.account.models import EmailAddress

from tessera.accounts.models import Account, Membership
from tessera.context import TenantRef, directory
from tessera.db.prepared import Prepared, run

_ACTIVE = Prepared("SELECT 1 FROM accounts_account WHERE id = $1 AND is_active")


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


def is_active(account_id: UUID) -> bool:
    """Say whether an account is there and active: what every request with a token asks."""
    return run("shared", _ACTIVE, [account_id]).fetchone() is not None
