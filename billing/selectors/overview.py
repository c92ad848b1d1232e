"""What the company in force may use and why, as it is told."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.utils import timezone
from django.utils.translation import gettext as _
from tessera.module import modules

from billing.entitlements.explaining import said
from billing.entitlements.reckoning import reckon
from billing.gateway.client import is_billing_on
from billing.reducer import Access, Cause, Entitlements, Notice, Reason
from tenants.directory import tenant_here
from tenants.installations.mirror import closed


@dataclass(frozen=True, kw_only=True)
class EntitlementReason:
    """Why: a sentence, its cause, and the fact behind it, such as the key of a subscription; `holds` tells whether it gives."""

    holds: bool
    cause: Cause
    source: str
    product: str
    message: str


@dataclass(frozen=True, kw_only=True)
class ModuleEntitlement:
    """Whether the company may use a module, and why; all reasons agree."""

    module: str
    title: str
    entitled: bool
    reasons: list[EntitlementReason]


@dataclass(frozen=True, kw_only=True)
class QuotaEntitlement:
    """How much may be used of something, null without a limit; beyond it, what is `soft` is paid and the rest is refused."""

    name: str
    limit: int | None
    soft: bool


@dataclass(frozen=True, kw_only=True)
class BillingEntitlements:
    """What the company may use now.

    `seats` is null without a limit. `notice` is what everybody is to be told. `rechecked_at` is when time may change something.
    Where nothing is sold, everything may be used and nothing is said of it.
    """

    access: Access
    notice: Notice | None
    seats: int | None
    quotas: list[QuotaEntitlement]
    modules: list[ModuleEntitlement]
    reasons: list[EntitlementReason]
    rechecked_at: datetime | None


def billing_entitlements() -> BillingEntitlements:
    """Show what this company may use: its access, seats, quotas and modules, each with its reasons."""
    found = _found()
    if found is None:
        return BillingEntitlements(
            access=Access.FULL, notice=None, seats=None, quotas=[], modules=[_free(label) for label in modules()], reasons=[],
            rechecked_at=None,
        )  # fmt: skip
    return BillingEntitlements(
        access=found.access,
        notice=found.notice,
        seats=found.seats,
        quotas=[QuotaEntitlement(name=name, limit=quota.limit, soft=quota.is_soft) for name, quota in found.quotas.items()],
        modules=[_module(found, label) for label in modules()],
        reasons=_reasons(found.explain("")),
        rechecked_at=found.recheck_at,
    )


def explain_entitlement(*, module: str) -> ModuleEntitlement:
    """Say whether this company may use a module, and why; NOT_FOUND for a name that is no module."""
    closed([module], "module")
    found = _found()
    return _free(module) if found is None else _module(found, module)


def _found() -> Entitlements | None:
    return reckon(tenant_here(), timezone.now()) if is_billing_on() else None


def _module(found: Entitlements, label: str) -> ModuleEntitlement:
    return ModuleEntitlement(
        module=label,
        title=str(modules()[label].title),
        entitled=label in found.modules,
        reasons=_reasons(found.explain(label)),
    )


def _free(label: str) -> ModuleEntitlement:
    reason = EntitlementReason(holds=True, cause=Cause.FREE, source="", product="", message=_("Nothing is sold here."))
    return ModuleEntitlement(module=label, title=str(modules()[label].title), entitled=True, reasons=[reason])


def _reasons(found: Iterable[Reason]) -> list[EntitlementReason]:
    return [
        EntitlementReason(holds=each.is_given, cause=each.cause, source=each.source, product=each.product, message=said(each))
        for each in found
    ]
