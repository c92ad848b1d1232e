"""The account of who signs up, and its place as the owner of the new tenant."""

from tessera.access.services import create_owner
from tessera.accounts.models import Account
from tessera.accounts.selectors import account_at
from tessera.accounts.services import index_owner, mark_email_verified
from tessera.context import enter, system
from tessera.locks import lock
from tessera.unit_of_work import unit_of_work

from tenants.models import SignUp, Tenant


def account_of(sign_up: SignUp) -> tuple[Account, bool]:
    """Return the account of a confirmed address and whether it is new; one that exists keeps its password."""
    account = account_at(sign_up.email)
    if account is not None:
        return account, False
    account = Account(email=sign_up.email, language=sign_up.language, password=sign_up.password)
    account.save()
    mark_email_verified(account=account)
    return account, True


def make_owner(*, tenant: Tenant, account: Account) -> None:
    """Make an account the owner of a tenant, once, however often it is said."""
    with enter(tenant.ref(), actor=system("sign up"), modules=frozenset()), unit_of_work():
        lock("sign up")
        create_owner(account_id=account.pk, email=account.email, name=account.name)
    index_owner(account_id=account.pk, tenant_id=tenant.pk)
