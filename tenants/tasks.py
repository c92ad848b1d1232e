"""Background work over all tenants, started by the clock."""

import logging
from datetime import timedelta

from celery import shared_task
from django.utils import timezone

from tenants.installations import reconcile_tenant
from tenants.installations.mirror import ACTS
from tenants.models import Tenant
from tenants.pool import refill

UNATTENDED = timedelta(minutes=2)
_log = logging.getLogger(__name__)


@shared_task(name="tenants.refill_pool")
def refill_pool() -> int:
    """Make the schemas that were claimed since; return how many."""
    return refill()


@shared_task(name="tenants.reconcile_tenants")
def reconcile_tenants() -> int:
    """Finish switchings that nobody has attended to for a while; return how many tenants were healed."""
    begun = Tenant.objects.filter(installations__state__in=ACTS, installations__since__lt=timezone.now() - UNATTENDED).distinct()
    healed = 0
    for tenant in begun:
        try:
            reconcile_tenant(tenant=tenant)
            healed += 1
        except Exception:
            _log.exception("tenant %s could not be reconciled", tenant.id)
    return healed
