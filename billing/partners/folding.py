"""What Stripe says was paid by an invoice and given back of it becomes ledger lines of partners: those that are missing, once.

Stripe is asked outside of any transaction, and its answer is written under the invoice's lock with the number of the asking, as that
about a customer is: an older answer never takes the place of a later one.
"""

from collections.abc import Iterable, Iterator
from datetime import datetime
from decimal import Decimal

from django.db import transaction
from tessera.money import round_money

from billing.catalogue.offers import Sold
from billing.catalogue.selectors import catalogue
from billing.events.quarantine import Quarantined
from billing.gateway.money import PaidInvoice, PaidLine, read_paid_invoice
from billing.mirror.asking import begin_asking
from billing.models import Customer, Partner, PartnerLine, SharedInvoice
from billing.partners.reversing import Booked, steps_of

BASIS_POINTS = 10_000
ZERO = Decimal(0)
_TAKE_NUMBER = """
INSERT INTO billing_sharedinvoice (id, stripe_id, base, asked, folded) VALUES (%s, %s, 0, 1, 0)
ON CONFLICT (stripe_id) DO UPDATE SET asked = billing_sharedinvoice.asked + 1 RETURNING asked, clock_timestamp()
"""


def settle_invoice(*, invoice: str) -> list[PartnerLine]:
    """Ask Stripe about an invoice and book what partners' ledgers lack of it; return the new lines.

    Raises Unreachable, and Quarantined for an invoice to nobody who is known here; nothing is booked then.
    """
    asking = begin_asking(_TAKE_NUMBER, [SharedInvoice().pk, invoice])
    seen = read_paid_invoice(invoice, lambda product: bool(catalogue().sold_for(product)))
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


def _sales(row: SharedInvoice, seen: PaidInvoice, known: set[str]) -> Iterator[PartnerLine]:
    """Yield the lines of an invoice that are a partner's and are not booked; a line of nothing pays nobody."""
    for line in seen.lines:
        for sold in catalogue().sold_for(line.product) if line.id not in known else ():
            gross = round_money(line.gross * sold.basis_points / BASIS_POINTS, seen.currency)
            if gross:
                yield _sale(row, seen, line, sold, gross)


def _sale(row: SharedInvoice, seen: PaidInvoice, line: PaidLine, sold: Sold, gross: Decimal) -> PartnerLine:
    terms = sold.terms
    partner, _new = Partner.objects.get_or_create(vendor=terms.vendor)  # what was sold is theirs before they have an account
    share = round_money(gross * terms.share / BASIS_POINTS, seen.currency)
    return PartnerLine(
        partner=partner,
        invoice=row,
        kind=PartnerLine.Kind.SALE,
        source=line.id,
        product=line.product,
        module=sold.module,
        currency=seen.currency,
        gross=gross,
        share=share,
        net=gross - share,
        basis_points=terms.share,
        occurred_at=seen.paid_at,
    )


def _reversals(sale: PartnerLine, seen: PaidInvoice, moment: datetime) -> Iterator[PartnerLine]:
    """Yield what has to be booked about a sale until its reversals are what was given back; a credit is never given back."""
    if sale.gross < 0:
        return
    told = sale.reversals.order_by("id") if not sale._state.adding else ()
    booked = [Booked(each.source, -each.gross, -each.share, each.taken) for each in told]
    for step in steps_of(sale.source, sale.gross, sale.share, seen, booked):
        yield PartnerLine(
            partner=sale.partner,
            invoice=sale.invoice,
            kind=step.back.kind,
            source=step.back.id,
            sale=sale,
            serial=step.serial,
            product=sale.product,
            module=sale.module,
            currency=sale.currency,
            gross=-step.gross,
            share=-step.share,
            net=step.share - step.gross,
            basis_points=sale.basis_points,
            taken=step.taken,
            occurred_at=step.back.created if step.serial == 1 else moment,
        )


def totals(lines: Iterable[PartnerLine]) -> tuple[Decimal, Decimal, Decimal]:
    """Return what lines come to: gross, share, net."""
    found = list(lines)
    return (
        sum((each.gross for each in found), ZERO),
        sum((each.share for each in found), ZERO),
        sum((each.net for each in found), ZERO),
    )
