"""Rows in, the reducer's facts out: what is known of a tenant and what the catalogue gives, as plain data."""

from datetime import datetime
from functools import lru_cache

from tessera.module import Module, modules

from billing.catalogue.offers import Catalogue, Grant, Limit
from billing.catalogue.selectors import catalogue
from billing.models import Customer, Dispute, ModuleGrant, Subscription, TrialExtension
from billing.reducer import (
    AccountFacts,
    DisputeFacts,
    Entitlements,
    Gives,
    GrantFacts,
    ItemFacts,
    Quota,
    SubscriptionFacts,
    reduce,
)
from billing.reducer import Catalogue as CatalogueFacts
from tenants.models import Tenant


def reckon(tenant: Tenant, now: datetime) -> Entitlements:
    """Return what a tenant may use now, by all that is known here. Raises UnreadableFacts."""
    return reduce(account_of(tenant), catalogue_facts(), now)


def account_of(tenant: Tenant) -> AccountFacts:
    """Return the facts about a tenant."""
    customer = Customer.objects.filter(tenant=tenant).first()
    extension = TrialExtension.objects.filter(tenant=tenant).first()
    return AccountFacts(
        created=tenant.created_at,
        zone=tenant.ref().zone,
        asked_at=customer.known_at if customer else None,
        trial_until=extension.until if extension else None,
        subscriptions=subscriptions_of(customer) if customer else (),
        grants=tuple(GrantFacts(each.module, each.until, each.reason) for each in ModuleGrant.objects.filter(tenant=tenant)),
        disputes=tuple(DisputeFacts(each.stripe_id, each.is_open) for each in Dispute.objects.filter(customer__tenant=tenant)),
    )


def subscriptions_of(customer: Customer) -> tuple[SubscriptionFacts, ...]:
    """Return the facts about the subscriptions of a customer."""
    return tuple(_facts(each) for each in customer.subscriptions.prefetch_related("items"))


def _facts(row: Subscription) -> SubscriptionFacts:
    return SubscriptionFacts(
        id=row.stripe_id,
        status=row.status,
        created=row.created,
        items=tuple(
            ItemFacts(each.stripe_id, each.product, each.quantity, each.period_start, each.period_end)
            for each in sorted(row.items.all(), key=lambda each: each.stripe_id)
        ),
        trial_end=row.trial_end,
        cancel_at=row.cancel_at,
        ended_at=row.ended_at,
        is_paused=row.is_paused,
        resumes_at=row.resumes_at,
        unpaid_since=row.unpaid_since,
        checkout=row.checkout,
    )


def catalogue_facts() -> CatalogueFacts:
    """Return the catalogue in force as the reducer takes it."""
    return _plain(catalogue(), tuple(modules().values()))


@lru_cache(maxsize=1)
def _plain(found: Catalogue, installed: tuple[Module, ...]) -> CatalogueFacts:
    return CatalogueFacts(
        products={offer.key: _gives(offer.gives) for offer in found.offers},
        trial=_gives(found.trial),
        depends={module.label: module.depends for module in installed},
        always_on=frozenset(module.label for module in installed if module.always_on),
        trial_days=found.trial_days,
    )


def _gives(grant: Grant) -> Gives:
    quotas = {str(quota.counted): Quota(quota.included, quota.limit is Limit.SOFT) for quota in grant.quotas}
    return Gives(grant.modules, grant.seats, quotas)
