"""Statements are closed month by month: each takes the lines that no other has, and is the sum of them to the cent."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal

from django.conf import settings
from django.db import transaction
from django.db.models import Sum
from django.utils import timezone
from django.utils.translation import gettext as _
from tessera.errors import Refused

from billing.models import Partner, PartnerLine, PartnerStatement, Payout, StatementEntry
from billing.partners.folding import ZERO, totals


@dataclass(frozen=True)
class Balance:
    """What is a partner's in a currency: `owed` is all that was not paid out yet, `of_lines` what of it no statement tells."""

    currency: str
    owed: Decimal
    of_lines: Decimal


def month_of(text: str) -> date:
    """Return the first day of a month as it is written, 2026-10. Refused with INVALID for what is none."""
    try:
        return datetime.strptime(text, "%Y-%m").replace(tzinfo=UTC).date()
    except ValueError:
        raise Refused("INVALID", _("Write a month like 2026-10."), "month") from None


def next_month(month: date) -> date:
    """Return the first day of the month that follows."""
    return date(month.year + month.month // 12, month.month % 12 + 1, 1)


def last_month(now: datetime) -> date:
    """Return the first day of the last month that is over; months of statements are those of UTC."""
    this = now.astimezone(UTC).date().replace(day=1)
    return date(this.year - (this.month == 1), (this.month - 2) % 12 + 1, 1)


def close_statements(*, month: date, vendor: str = "") -> list[PartnerStatement]:
    """Close a month of all partners, or of one, in each currency that has lines; what is closed already stays as it is.

    Refused with STATE for a month that is not over.
    """
    if month > last_month(timezone.now()):
        raise Refused("STATE", _("This month is not over yet."), "month")
    partners = Partner.objects.filter(vendor=vendor) if vendor else Partner.objects.all()
    return [closed for partner in partners.order_by("vendor") for closed in _close(partner, month)]


def _close(partner: Partner, month: date) -> list[PartnerStatement]:
    end = datetime(*next_month(month).timetuple()[:3], tzinfo=UTC)
    with transaction.atomic(using="shared"):
        Partner.objects.select_for_update().get(pk=partner.pk)  # one closes at a time
        waiting: dict[str, list[PartnerLine]] = {}
        for line in partner.lines.filter(entry=None, occurred_at__lt=end).order_by("currency", "occurred_at", "id"):
            waiting.setdefault(line.currency, []).append(line)
        closed = (_statement(partner, currency, month, lines) for currency, lines in waiting.items())
        return [statement for statement in closed if statement]


def _statement(partner: Partner, currency: str, month: date, lines: list[PartnerLine]) -> PartnerStatement | None:
    """Write a statement with its lines and what is to be paid; None where this or a later month is closed: they wait for the next."""
    last = partner.statements.filter(currency=currency).order_by("-month").first()
    if last is not None and last.month >= month:
        return None
    opening = last.carried if last else ZERO
    gross, share, net = totals(lines)
    closing = opening + net
    due = closing if closing > 0 and closing >= least_paid(currency) else ZERO
    statement = PartnerStatement.objects.create(
        partner=partner,
        currency=currency,
        month=month,
        opening=opening,
        line_count=len(lines),
        gross=gross,
        share=share,
        net=net,
        closing=closing,
        due=due,
    )
    StatementEntry.objects.bulk_create([StatementEntry(statement=statement, line=line) for line in lines])
    if due:
        Payout.objects.create(statement=statement, amount=due)
    return statement


def least_paid(currency: str) -> Decimal:
    """Return the least that is paid out in a currency; below it the balance is carried to the next statement."""
    return Decimal(settings.TESSERA_PARTNER_MINIMUM.get(currency, 0))


def balances_of(partner: Partner) -> Iterator[Balance]:
    """Yield what is a partner's and not paid, by currency."""
    earned = dict(partner.lines.values_list("currency").annotate(Sum("net")))
    paid = Payout.objects.filter(statement__partner=partner, state=Payout.State.PAID)
    gone = dict(paid.values_list("statement__currency").annotate(Sum("amount")))
    loose = dict(partner.lines.filter(entry=None).values_list("currency").annotate(Sum("net")))
    for currency in sorted(earned):
        yield Balance(currency, earned[currency] - gone.get(currency, ZERO), loose.get(currency, ZERO))
