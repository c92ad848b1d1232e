"""What Stripe says was paid by an invoice and given back of it becomes ledger lines of partners: those that are missing, once.

Stripe is asked outside of any transaction, and its answer is written under the invoice's lock with the number of the asking, as that
about a customer is: an older answer never takes the place of a later one.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.db import connections, transaction
from django.utils import timezone
from tessera.money import minor_units, part_of, round_money

from billing.catalogue.offers import Terms
from billing.catalogue.selectors import catalogue
from billing.events.quarantine import Quarantined
from billing.gateway.money import PaidInvoice, PaidLine, read_paid_invoice
from billing.models import Customer, Partner, PartnerLine, SharedInvoice

BASIS_POINTS = 10_000
ZERO = Decimal(0)
_TAKE_NUMBER = """
INSERT INTO billing_sharedinvoice (id, stripe_id, base, asked, folded) VALUES (%s, %s, 0, 1, 0)
ON CONFLICT (stripe_id) DO UPDATE SET asked = billing_sharedinvoice.asked + 1 RETURNING asked, clock_timestamp()
"""


@dataclass(frozen=True)
class Asking:
    """One asking about an invoice: its number, and when it began by the database's clock and by this process's."""

    number: int
    began: datetime
    moment: datetime


def settle_invoice(*, invoice: str) -> list[PartnerLine]:
    """Ask Stripe about an invoice and book what partners' ledgers lack of it; return the new lines.

    Raises Unreachable, and Quarantined for an invoice to nobody who is known here; nothing is booked then.
    """
    asking = _take_number(invoice)
    seen = read_paid_invoice(invoice, lambda product: catalogue().partner_of(product) is not None)
    if seen is None:
        return []
    if not Customer.objects.filter(stripe_id=seen.customer).exists():
        raise Quarantined(f"there is no customer {seen.customer}")
    with transaction.atomic(using="shared"):
        row = SharedInvoice.objects.select_for_update().get(stripe_id=invoice)
        if row.folded > asking.number:
            return []
        sales = list(row.lines.filter(kind=PartnerLine.Kind.SALE).order_by("id"))
        new_sales = list(_sales(row, seen, {sale.source for sale in sales}))
        reversals = [line for sale in (*sales, *new_sales) for line in _reversals(sale, seen, asking.moment)]
        PartnerLine.objects.bulk_create(new_sales)
        PartnerLine.objects.bulk_create(reversals)
        row.base, row.paid_at = max(seen.base, ZERO), seen.paid_at
        row.folded, row.folded_at = asking.number, asking.began
        row.save()
    return [*new_sales, *reversals]


def _take_number(invoice: str) -> Asking:
    """Return the next number of an asking about an invoice, which begins now."""
    moment = timezone.now()
    with connections["shared"].cursor() as cursor:
        cursor.execute(_TAKE_NUMBER, [SharedInvoice().pk, invoice])
        number, began = cursor.fetchone()
    return Asking(number, began, moment)


def _sales(row: SharedInvoice, seen: PaidInvoice, known: set[str]) -> Iterator[PartnerLine]:
    """Yield the lines of an invoice that are a partner's and are not booked; a line of nothing pays nobody."""
    for line in seen.lines:
        terms = catalogue().partner_of(line.product)
        if terms is not None and line.gross and line.id not in known:
            yield _sale(row, seen, line, terms)


def _sale(row: SharedInvoice, seen: PaidInvoice, line: PaidLine, terms: Terms) -> PartnerLine:
    partner, _new = Partner.objects.get_or_create(vendor=terms.vendor)  # what was sold is theirs before they have an account
    share = round_money(line.gross * terms.share / BASIS_POINTS, seen.currency)
    return PartnerLine(
        partner=partner,
        invoice=row,
        kind=PartnerLine.Kind.SALE,
        source=line.id,
        product=line.product,
        currency=seen.currency,
        gross=line.gross,
        share=share,
        net=line.gross - share,
        basis_points=terms.share,
        occurred_at=seen.paid_at,
    )


def _reversals(sale: PartnerLine, seen: PaidInvoice, moment: datetime) -> Iterator[PartnerLine]:
    """Yield what has to be booked about a sale until its reversals are what was given back; a credit is never given back.

    All that is given back of an invoice reverses the same part of each of its sales, reckoned from the beginning each time: so the
    last of it takes the rest, to the cent, in whatever parts and order it came.
    """
    if sale.gross < 0:
        return
    told = list(sale.reversals.order_by("id")) if not sale._state.adding else []
    gross, share = -sum((each.gross for each in told), ZERO), -sum((each.share for each in told), ZERO)
    taken = sum((each.taken for each in told), ZERO)
    for back in seen.given_back:
        before = [each for each in told if each.source == back.id]
        change = back.amount - sum((each.taken for each in before), ZERO)
        if not change:
            continue
        taken += change
        reached = min(max(taken, ZERO), seen.base)
        of_gross = _next_part(sale.gross, reached, seen.base, gross, sale.currency)
        of_share = _next_part(sale.share, reached, seen.base, share, sale.currency)
        gross, share = gross + of_gross, share + of_share
        yield PartnerLine(
            partner=sale.partner,
            invoice=sale.invoice,
            kind=back.kind,
            source=back.id,
            sale=sale,
            serial=len(before) + 1,
            product=sale.product,
            currency=sale.currency,
            gross=-of_gross,
            share=-of_share,
            net=of_share - of_gross,
            basis_points=sale.basis_points,
            taken=change,
            occurred_at=moment if before else back.created,
        )


def _next_part(total: Decimal, reached: Decimal, base: Decimal, done: Decimal, currency: str) -> Decimal:
    return part_of(total, reached, base, done, minor_units(currency))


def totals(lines: Iterable[PartnerLine]) -> tuple[Decimal, Decimal, Decimal]:
    """Return what lines come to: gross, share, net."""
    found = list(lines)
    return (
        sum((each.gross for each in found), ZERO),
        sum((each.share for each in found), ZERO),
        sum((each.net for each in found), ZERO),
    )
