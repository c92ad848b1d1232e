"""Set the cap, refuse what would pass it, and tell those who pay when it is near."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from tessera.errors import Problem, Refused
from tessera.money import round_money
from tessera.service import service
from tessera.usage.services import WARNED_AT

from billing.catalogue.selectors import catalogue
from billing.lifecycle.letters import write_letter
from billing.mirror.customers import customer_of
from billing.models import Letter, SpendCap
from billing.permissions import CAP_MANAGE
from billing.services.company import company, currency_of, going, speaker
from billing.spending.reckoning import ZERO, spend_of, usage_of
from tenants.directory import tenant_here
from tenants.models import Tenant

MOST = Decimal(10) ** 12


@dataclass(frozen=True, kw_only=True)
class BillingSpend:
    """What the company pays this month beside its plan, without tax, and the most that it lets itself; `cap` is null without one.

    `additions` is what bundles and modules cost each month (of a year's price a twelfth), `usage` what was used beyond the plan so far
    in the month that begins with `period`, as it is written down each hour. `room` is what is left, never below nothing.
    """

    period: date
    currency: str
    cap: Decimal | None
    set_by: str
    additions: Decimal
    usage: Decimal
    total: Decimal
    room: Decimal | None
    per_cent: int | None


def billing_spend() -> BillingSpend:
    """Show what this company pays this month for bundles, modules and use beyond its plan, beside the cap that it has set."""
    tenant = tenant_here()
    period = month_now(tenant)
    cap = SpendCap.objects.filter(tenant=tenant).first()
    currency = currency_of(tenant)
    spend = spend_of(tenant, going(customer_of(tenant)), currency, period)
    in_force = cap if cap and cap.currency == currency else None
    return BillingSpend(
        period=period,
        currency=currency,
        cap=in_force.amount if in_force else None,
        set_by=in_force.set_by if in_force else "",
        additions=spend.additions,
        usage=spend.usage,
        total=spend.total,
        room=max(in_force.amount - spend.total, ZERO) if in_force else None,
        per_cent=int(spend.total * 100 / in_force.amount) if in_force and in_force.amount else None,
    )


@service(permission=CAP_MANAGE, steps=True, while_read_only=True)
def set_spend_cap(*, amount: Decimal, currency: str = "") -> BillingSpend:
    """Set the most that this company pays a month beside its plan, in the currency it is billed in; what it has already stays.

    From then on no bundle and no module is bought by which the cap would be passed (SPEND_CAP). What is used beyond the plan counts
    too, and is never refused for it. Refused, each with its field: INVALID for an amount below nothing or with too many decimals, and
    for another currency than the company's.
    """
    tenant = company()
    billed = currency_of(tenant)
    currency = (currency or billed).upper()
    if not amount.is_finite() or not 0 <= amount <= MOST or amount != round_money(amount, billed):
        raise Refused("INVALID", _("Give an amount from 0 on, in whole minor units."), "amount")
    if currency not in catalogue().currencies or (currency != billed and customer_of(tenant) is not None):
        raise Refused("INVALID", _("This company is billed in %(currency)s.") % {"currency": billed}, "currency")
    values = {"amount": amount, "currency": currency, "set_by": speaker(), "set_at": timezone.now()}
    with transaction.atomic(using="shared"):
        SpendCap.objects.update_or_create(tenant=tenant, defaults=values)
    warn_of_spend(tenant)
    return billing_spend()


@service(permission=CAP_MANAGE, steps=True, while_read_only=True)
def remove_spend_cap() -> BillingSpend:
    """Let this company spend what it likes again; without a cap nothing happens."""
    SpendCap.objects.filter(tenant=company()).delete()
    return billing_spend()


def refuse_over_cap(tenant: Tenant, *, additions: Decimal, had: Decimal, currency: str) -> None:
    """Refuse with SPEND_CAP what would pass the company's cap, together with what it used; less than it `had` it may always have.

    Amounts are of a month. Nobody is asked but the database.
    """
    cap = SpendCap.objects.filter(tenant=tenant).first()
    if cap is None or additions <= had:
        return
    if cap.currency != currency:
        raise Refused(
            "SPEND_CAP", _("The spend cap of this company is in %(currency)s.") % {"currency": cap.currency}, "currency"
        )
    spend = additions + usage_of(tenant, currency, month_now(tenant))
    if spend > cap.amount:
        told = {"cap": _shown(cap.amount, currency), "spend": _shown(spend, currency), "currency": currency}
        message = _("This would make %(spend)s %(currency)s a month beside the plan; the spend cap is %(cap)s %(currency)s.")
        raise Refused.of([Problem("SPEND_CAP", message % told, ("additions",), told)])


def month_now(tenant: Tenant) -> date:
    """Return the first day of this month where a company is."""
    return tenant.ref().today.replace(day=1)


def _shown(amount: Decimal, currency: str) -> str:
    return format(round_money(amount, currency), "f")


def room_of(tenant: Tenant, currency: str) -> Decimal | None:
    """Return how much more a month this company may spend beside its plan; None without a cap."""
    cap = SpendCap.objects.filter(tenant=tenant).first()
    if cap is None:
        return None
    spend = spend_of(tenant, going(customer_of(tenant)), currency, month_now(tenant))
    return cap.amount - spend.total if cap.currency == currency else ZERO


def warn_of_spend(tenant: Tenant) -> None:
    """Write to those who answer for the bills that 80 or 100 per cent of the cap are reached, once in a month for each and each cap."""
    cap = SpendCap.objects.filter(tenant=tenant).first()
    if cap is None:
        return
    period = month_now(tenant)
    spend = spend_of(tenant, going(customer_of(tenant)), cap.currency, period).total
    passed = [percent for percent in WARNED_AT if spend and spend * 100 >= cap.amount * percent]
    if not passed:
        return
    amount = _shown(cap.amount, cap.currency)
    about = {percent: f"{period} {percent} {amount} {cap.currency}" for percent in WARNED_AT}
    higher = [about[percent] for percent in WARNED_AT if percent > passed[-1]]
    if not Letter.objects.filter(tenant=tenant, kind=Letter.Kind.SPEND, about__in=higher).exists():
        shown = {"percent": passed[-1], "cap": amount, "spend": _shown(spend, cap.currency), "currency": cap.currency}
        write_letter(tenant=tenant, kind=Letter.Kind.SPEND, about=about[passed[-1]], **shown)
