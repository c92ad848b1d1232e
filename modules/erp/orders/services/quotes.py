"""Quotes: drafted, sent, changed, answered."""

from datetime import date, timedelta
from typing import Any, Unpack
from uuid import UUID

from django.utils import timezone
from django.utils.translation import gettext as _
from tessera.api import (
    Refused,
    assign_number,
    content_hash,
    link_many,
    move,
    publish,
    refuse_while_held,
    save_revision,
    service,
    settings_of,
)

from modules.base.api import Address, Company, Party, PaymentTerm
from modules.erp.orders import events
from modules.erp.orders.models import Quote, SalesOrder, SalesOrderLine, SalesOrderTax
from modules.erp.orders.services.headers import DraftTerms, change_terms, locked, series_of, snapshots, today_at
from modules.erp.orders.services.limits import OVER_DISCOUNT, one_of, over_discount
from modules.erp.orders.services.lines import QuoteLineInput, build_lines, total
from modules.erp.orders.services.links import come_of
from modules.erp.orders.services.masters import Masters
from modules.erp.orders.services.writing import draft_one, present_lines, write_changes, write_drafts
from modules.erp.orders.settings import OrdersSettings

NOT_COPIED = {"id", "version", "created_at", "updated_at", "document_id", "parent_line_id"}
COPIED_TERMS = (
    "company", "branch", "currency", "rate", "rate_date", "rate_source", "price_includes_tax", "party", "bill_to", "ship_to",
    "payer", "contact", "payment_term", "reference", "owner", "org_unit", "dimension_set", "net_total", "tax_total",
    "gross_total", "note",
)  # fmt: skip


@service(permission="orders.quote_create")
def create_quote(
    *,
    lines: list[QuoteLineInput],
    opportunity: UUID | None = None,
    valid_until: date | None = None,
    **terms: Unpack[DraftTerms],
) -> Quote:
    """Draft a quote, priced and taxed; `opportunity` is the opportunity that it is meant to win."""
    drafted = draft_one(Quote, lines, terms, opportunity=opportunity)
    quote = drafted.document
    quote.valid_until = valid_until or quote.document_date + timedelta(days=settings_of(OrdersSettings).quote_validity_days)
    write_drafts([drafted])
    publish(events.QuoteCreated(subject=quote.pk, opportunity=opportunity), quote=quote)
    return quote


@service(permission="orders.quote_update")
def update_quote(
    *,
    quote: Quote,
    lines: list[QuoteLineInput] | None = None,
    valid_until: date | None = None,
    contact: Party | None = None,
    bill_to: Address | None = None,
    ship_to: Address | None = None,
    payment_term: PaymentTerm | None = None,
    reference: str | None = None,
    note: str | None = None,
) -> Quote:
    """Change a quote; `lines` are all lines as they shall be. A sent one becomes the draft of its next revision."""
    quote = locked(quote)
    refuse_while_held(quote)
    if quote.state not in (Quote.State.DRAFT, Quote.State.SENT):
        raise Refused("STATE", _("An answered quote is not changed any more."), "state")
    change_terms(
        quote,
        valid_until=valid_until,
        contact=contact,
        bill_to=bill_to,
        ship_to=ship_to,
        payment_term=payment_term,
        reference=reference,
        note=note,
    )
    kept = present_lines(quote)
    wanted = [QuoteLineInput(line=line) for line in kept.values()] if lines is None else lines
    built = build_lines(quote, wanted, kept, Masters(quote.company, [quote.party]))
    removed = [line for key, line in kept.items() if key not in built.before]
    write_changes(quote, built, total(quote, built), removed)
    if quote.state == Quote.State.SENT and content_hash(quote) != quote.content_hash:
        quote.revision += 1
        move(quote, Quote.State.DRAFT, also=("revision",))
    return quote


@service(permission="orders.quote_send")
def send_quote(*, quote: Quote) -> Quote:
    """Seal a quote and give it out. A discount above the company's limit needs approval, or the right to go beyond."""
    quote = locked(quote)
    if not quote.sealed_lines():
        raise Refused("REQUIRED", _("There is nothing on this quote."), "lines")
    _refuse_expired(quote)
    quote.party_snapshot, quote.content_hash, quote.sent_at = snapshots(quote), content_hash(quote), timezone.now()
    move(
        quote,
        Quote.State.SENT,
        exceeds=one_of(over_discount(quote, OVER_DISCOUNT)),
        also=("party_snapshot", "content_hash", "sent_at"),
    )
    if not quote.number:
        assign_number(quote, scope=series_of(quote), pattern="Q-{year}-{n:05}", on=quote.document_date)
    save_revision(quote)
    publish(events.QuoteSent(subject=quote.pk, revision=quote.revision))
    return quote


@service(permission="orders.quote_accept")
def accept_quote(*, quote: Quote, revision: int | None = None) -> SalesOrder:
    """Take the customer's yes to a revision (the present one, by default) and make the order of it, once."""
    quote = locked(quote)
    if revision is not None and revision != quote.revision:
        raise Refused("CONFLICT", _("The customer saw another revision of this quote."), "revision")
    if quote.state == Quote.State.ACCEPTED:
        return SalesOrder.objects.get(quote=quote, quote_revision=quote.revision)
    if quote.state == Quote.State.SENT:
        _refuse_expired(quote)
    move(quote, Quote.State.ACCEPTED)
    order = _order_of(quote)
    publish(
        events.QuoteAccepted(subject=quote.pk, order=order.pk, revision=quote.revision, opportunity=quote.opportunity),
        quote=quote,
        order=order,
    )
    return order


@service(permission="orders.quote_reject")
def reject_quote(*, quote: Quote, reason: str = "") -> Quote:
    """Take the customer's no."""
    quote = locked(quote)
    quote.reason = reason
    move(quote, Quote.State.REJECTED, also=("reason",))
    publish(events.QuoteRejected(subject=quote.pk, reason=reason, opportunity=quote.opportunity))
    return quote


@service()
def expire_quotes() -> int:
    """Expire the quotes that nobody answered while they were valid; return how many."""
    expired = 0
    for company in Company.objects.filter(pk__in=Quote.objects.filter(state=Quote.State.SENT).values("company")):
        late = Quote.objects.filter(company=company, state=Quote.State.SENT, valid_until__lt=today_at(company))
        for key in list(late.order_by("id").values_list("pk", flat=True)):
            quote = locked(Quote(pk=key))
            if quote.state == Quote.State.SENT:
                move(quote, Quote.State.EXPIRED)
                publish(events.QuoteExpired(subject=quote.pk, opportunity=quote.opportunity))
                expired += 1
    return expired


def _refuse_expired(quote: Quote) -> None:
    if quote.valid_until < today_at(quote.company):
        raise Refused("STATE", _("This quote was valid until {day}.").format(day=quote.valid_until), "valid_until")


def _order_of(quote: Quote) -> SalesOrder:
    """Copy what was accepted, prices and taxes as they were agreed, and link each line to the one it is of."""
    order = SalesOrder(
        quote=quote,
        quote_revision=quote.revision,
        document_date=today_at(quote.company),
        **{name: getattr(quote, name) for name in COPIED_TERMS},
    )
    order.save()
    lines: dict[UUID, SalesOrderLine] = {}
    for line in quote.sealed_lines():
        lines[line.pk] = SalesOrderLine(document=order, **_columns(line))
    SalesOrderLine.objects.bulk_create(lines.values())
    SalesOrderTax.objects.bulk_create(
        SalesOrderTax(document=order, line=lines[row.line_id], **_columns(row, "line_id")) for row in quote.taxes.all()
    )
    link_many([come_of("derives", line, lines[line.pk], quote.currency) for line in quote.sealed_lines()])
    return order


def _columns(row: Any, *but: str) -> dict[str, Any]:
    skipped = NOT_COPIED | set(but)
    return {field.attname: getattr(row, field.attname) for field in row._meta.concrete_fields if field.attname not in skipped}
