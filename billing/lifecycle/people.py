"""Who answers for a company's bills: its owner, and whoever else may pay them."""

from tessera.access.models import Member
from tessera.access.selectors import active_member, actor_of, members_holding
from tessera.accounts.models import Account
from tessera.accounts.selectors import tenants_indexed
from tessera.context import enter, system

from billing.models import Closing
from billing.permissions import BILLING_MANAGE
from tenants.models import Tenant

READER = system("billing")
GONE = (Tenant.State.PREPARING, Tenant.State.DELETED)


def answering_in(tenant: Tenant) -> dict[str, str]:
    """Return those who answer for a company's bills: the address of each by its account, the owner's first."""
    return {str(member.account_id): member.email for member in _answering(tenant)}


def _answering(tenant: Tenant) -> list[Member]:
    with enter(tenant.ref(), actor=READER, modules=frozenset()):
        owners = list(Member.objects.filter(is_owner=True, state=Member.State.ACTIVE))
        others = [each for each in members_holding(permission=BILLING_MANAGE) if each.pk not in {owner.pk for owner in owners}]
    return [*owners, *sorted(others, key=lambda member: member.email)]


def may_pay(account: Account, tenant: Tenant) -> bool:
    """Say whether an account answers for a company's bills, in whatever state the company is."""
    if tenant.state in GONE:
        closing = Closing.objects.filter(tenant=tenant).first()
        return closing is not None and str(account.pk) in closing.owners
    with enter(tenant.ref(), actor=READER, modules=frozenset()):
        member = active_member(account_id=account.pk)
        return member is not None and (member.is_owner or actor_of(member).may(BILLING_MANAGE))


def companies_of(account: Account) -> list[Tenant]:
    """Return the companies whose bills an account answers for, by name."""
    found = Tenant.objects.filter(pk__in=tenants_indexed(account)).exclude(state__in=GONE)
    return [tenant for tenant in found.order_by("name", "pk") if may_pay(account, tenant)]
