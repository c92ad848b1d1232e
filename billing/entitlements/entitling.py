"""Work out what a tenant may use, keep it, and give it: one public transaction, so that no half of it is ever seen."""

from datetime import datetime

from django.db import transaction

from billing.catalogue.selectors import catalogue
from billing.entitlements.granting import give
from billing.entitlements.reckoning import reckon
from billing.models import Entitlement
from billing.reducer import Entitlements
from tenants.epoch import forget_tenants
from tenants.models import Tenant

KEPT = ("access", "modules", "bought", "seats", "quotas", "notice", "trace", "catalogue")


def settle_entitlement(*, tenant: Tenant, now: datetime, asked: datetime | None = None) -> Entitlement:
    """Work out, keep and give what a tenant may use now, by what is known here. Raises UnreadableFacts, and keeps nothing then.

    `asked` is when Stripe was, for whoever comes from there: what is to be told of it needs no further asking.
    """
    with transaction.atomic(using="shared"):
        locked = Tenant.objects.select_for_update().get(pk=tenant.pk)
        row = Entitlement.objects.filter(tenant=locked).first() or Entitlement(tenant=locked, bought=[], changed_at=now)
        found = reckon(locked, now)
        new = found.bought - set(row.bought)
        told = _told(found)
        if any(getattr(row, name) != told[name] for name in KEPT):
            row.version, row.changed_at = row.version + 1, now
            forget_tenants()  # how much it may use is remembered
        if row.changed_at == now or row.recheck_at != found.recheck_at:
            row.act_at = asked or now  # what was to be told, and when, may be another
        for name in KEPT:
            setattr(row, name, told[name])
        row.recheck_at = found.recheck_at
        give(tenant=locked, entitlement=row, new=new, now=now)
        row.save()
    return row


def _told(found: Entitlements) -> dict[str, object]:
    return {
        "access": str(found.access),
        "modules": sorted(found.modules),
        "bought": sorted(found.bought),
        "seats": found.seats,
        "quotas": {name: {"limit": quota.limit, "is_soft": quota.is_soft} for name, quota in found.quotas.items()},
        "notice": str(found.notice or ""),
        "trace": [[each.module, each.is_given, str(each.cause), each.source, each.product] for each in found.trace],
        "catalogue": catalogue().version,
    }
