"""What operators give companies beside what they pay for: a module, or a longer trial; each with who and why."""

from datetime import datetime

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from tessera.accounts.operators.rights import operator_right
from tessera.accounts.operators.services import Operator, record_act
from tessera.errors import Refused
from tessera.module import modules

from billing.entitlements.entitling import settle_entitlement
from billing.models import ModuleGrant, TrialExtension
from tenants.models import Tenant

FAVOUR_GRANT = operator_right("billing.favour_grant", gettext_lazy("Give companies modules and longer trials"))


def grant_module(*, tenant: Tenant, module: str, until: datetime | None, reason: str, by: Operator) -> ModuleGrant:
    """Let a company use a module, until a moment or for good; it comes on when its people switch it on.

    Refused: FORBIDDEN, NOT_FOUND for what is no module, INVALID for a moment that is past, REQUIRED without a reason, STATE for
    a company that is deleted.
    """
    _check(tenant, until, reason, by)
    if module not in modules():
        raise Refused("NOT_FOUND", _("There is no module %(name)s.") % {"name": module}, "module")
    with transaction.atomic(using="shared"):
        made = ModuleGrant.objects.create(tenant=tenant, module=module, until=until, reason=reason.strip(), given_by=by.name)
        details = {"module": module, "until": until.isoformat() if until else None}
        record_act(by, FAVOUR_GRANT, subject=str(tenant), key=tenant.pk, reason=reason, details=details)
        settle_entitlement(tenant=tenant, now=timezone.now())
    return made


def extend_trial(*, tenant: Tenant, until: datetime, reason: str, by: Operator) -> TrialExtension:
    """Let the trial of a company last until a moment, in place of what it was extended to before. Refused as `grant_module` is."""
    _check(tenant, until, reason, by)
    with transaction.atomic(using="shared"):
        values = {"until": until, "reason": reason.strip(), "given_by": by.name}
        made, _new = TrialExtension.objects.update_or_create(tenant=tenant, defaults=values)
        details = {"trial_until": until.isoformat()}
        record_act(by, FAVOUR_GRANT, subject=str(tenant), key=tenant.pk, reason=reason, details=details)
        settle_entitlement(tenant=tenant, now=timezone.now())
    return made


def end_module_grant(*, grant: ModuleGrant, reason: str, by: Operator) -> ModuleGrant:
    """Let a module that was given be given no longer, from now on. Refused: FORBIDDEN, STATE for one that is over, REQUIRED."""
    by.demand(FAVOUR_GRANT)
    now = timezone.now()
    if grant.until is not None and grant.until <= now:
        raise Refused("STATE", _("This is over already."))
    with transaction.atomic(using="shared"):
        grant.until = now
        grant.save(update_fields=["until"])
        record_act(
            by, FAVOUR_GRANT, subject=str(grant.tenant), key=grant.tenant_id, reason=reason, details={"ended": grant.module}
        )
        settle_entitlement(tenant=grant.tenant, now=now)
    return grant


def _check(tenant: Tenant, until: datetime | None, reason: str, by: Operator) -> None:
    by.demand(FAVOUR_GRANT)
    if not reason.strip():
        raise Refused("REQUIRED", _("Say why."), "reason")
    if until is not None and until <= timezone.now():
        raise Refused("INVALID", _("Choose a moment in the future."), "until")
    if tenant.state == Tenant.State.DELETED:
        raise Refused("STATE", _("This company is deleted."))
