"""Background work over all tenants, started by the clock."""

import logging
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from uuid import UUID

from celery import shared_task
from django.utils import timezone
from django.utils.translation import override
from tessera.context import Actor, current
from tessera.tasks import tenant_task

from tenants.directory import tenant_here
from tenants.installations import reconcile_tenant
from tenants.installations.archiving import archive_module
from tenants.installations.mirror import ACTS
from tenants.models import SignUp, Tenant
from tenants.pool import refill
from tenants.signup import LIFETIME, finish_signup, forget_sign_ups

UNATTENDED = timedelta(minutes=2)
_log = logging.getLogger(__name__)


@shared_task(name="tenants.refill_pool")
def refill_pool() -> int:
    """Make the schemas that were claimed since; return how many."""
    return refill()


@tenant_task(name="tenants.finish_switching")
def finish_switching() -> None:
    """Do what was wished of modules in the tenant in force; what fails stays FAILED, with its reason."""
    here = current().tenant
    with override(here.language):
        reconcile_tenant(tenant=Tenant.objects.get(pk=here.id))


@tenant_task(name="tenants.write_module_archive")
def write_module_archive(*, module: str, asked_by: str, name: str) -> None:
    """Write the archive of a module of the tenant in force, for whoever asked."""
    actor = Actor(kind="system", member_id=UUID(asked_by) if asked_by else None, name=name)
    archive_module(tenant=tenant_here(), module=module, actor=actor)


@shared_task(name="tenants.reconcile_tenants")
def reconcile_tenants() -> int:
    """Finish switchings and sign-ups that nobody has attended to for a while; return how many were healed."""
    before = timezone.now() - UNATTENDED
    begun = Tenant.objects.filter(installations__state__in=ACTS, installations__since__lt=before).distinct()
    half = SignUp.objects.filter(state=SignUp.State.CONFIRMED, tenant__created_at__lt=before)
    work: list[Callable[[], object]] = [partial(reconcile_tenant, tenant=tenant) for tenant in begun]
    work += [partial(finish_signup, sign_up) for sign_up in half]
    healed = 0
    for heal in work:
        try:
            heal()
            healed += 1
        except Exception:
            _log.exception("one of %s could not be healed; the others are", len(work))
    return healed


@shared_task(name="tenants.forget_sign_ups")
def forget_old_sign_ups() -> int:
    """Delete sign-ups whose link leads nowhere any more, with the addresses in them; return how many."""
    return forget_sign_ups(before=timezone.now() - 2 * LIFETIME)
