"""Payments: money moves once, settles what it names, and the rest is an advance, never revenue."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from uuid import UUID

from django.utils.translation import gettext as _
from tessera.api import (
    Refused,
    current,
    late,
    link_documents,
    lock_for_update,
    minor_units,
    move,
    publish,
    round_money,
    round_to,
    service,
)

from modules.base.api import Company, Party, PartyRole, rate_on, role_of, standing_for
from modules.erp.finance.events import PaymentPosted
from modules.erp.finance.models import Account, Allocation, Entry, EntryLine, OpenItem, Payment, Side
from modules.erp.finance.services.accounts import AccountFinder
from modules.erp.finance.services.digits import MOST, check_amount, check_currency, check_day, check_rate, refuse_misfits
from modules.erp.finance.services.entries import take_back
from modules.erp.finance.services.items import allocate_items, open_items_for, settle_all, undo_allocation
from modules.erp.finance.services.posting import PostingLine, journal_of, number_document, write_entry
from modules.erp.finance.services.setup import leading_book

ZERO = Decimal(0)
Direction, With = Payment.Direction, Payment.Side


@dataclass(frozen=True, kw_only=True)
class AllocationInput:
    """An open item to settle; without `amount` as much of it as is open and left."""

    item: OpenItem
    amount: Decimal | None = None


@service(permission="finance.payment_create")
def create_payment(
    *,
    company: Company,
    party: Party,
    direction: Payment.Direction,
    side: Payment.Side,
    amount: Decimal,
    posting_date: date,
    currency: str = "",
    rate: Decimal | None = None,
    account: Account | None = None,
    document_date: date | None = None,
    order: UUID | None = None,
    order_kind: str = "orders.SalesOrder",
    reference: str = "",
    note: str = "",
) -> Payment:
    """Write down a payment; nothing is booked before it is posted.

    Without `account` it is the bank account that the account map names; `order` says which order an
    advance is for.
    """
    currency = check_currency(currency or company.currency, "currency")
    if not 0 < amount < MOST or round_to(amount, minor_units(currency)) != amount:
        raise Refused("INVALID", _("A payment is a positive amount in whole minor units."), "amount")
    if rate is None:
        rate = rate_on(currency=currency, quote=company.currency, on=posting_date).rate
    if account is not None and not (account.cash and account.book_id == leading_book(company).pk):
        raise Refused("INVALID", _("The account is no bank or cash account of this company."), "account")
    payment = Payment(
        company=company,
        party=standing_for(party),
        direction=direction,
        side=side,
        account=account,
        posting_date=posting_date,
        document_date=document_date or posting_date,
        currency=currency,
        amount=amount,
        rate=rate,
        reference=reference,
        order=order,
        order_kind=order_kind if order else "",
        owner=current().actor.member_id,
        note=note,
    )
    check_day(payment.document_date, "document_date")
    refuse_misfits(payment)
    check_amount(amount * check_rate(rate, "rate"), "rate")
    payment.save()
    return payment


@service(permission="finance.payment_post")
def post_payment(*, payment: Payment, allocations: list[AllocationInput] | None = None) -> Payment:
    """Book a payment and settle the named items with it; what is left is an advance of the party.

    Money given back (to a customer, by a supplier) that settles nothing stays open on the control account.
    """
    payment = lock_for_update(Payment.objects.filter(pk=payment.pk).select_related("company", "party", "account"))[0]
    move(payment, Payment.State.POSTED)
    parts = _parts(payment, allocations or [])
    settled = sum((part for _item, part in parts), ZERO)
    journal = journal_of(payment.company_id, "receipt" if payment.direction == Direction.IN else "payment")
    entry, lines = write_entry(
        journal=journal,
        posting_date=payment.posting_date,
        document_date=payment.document_date,
        lines=_lines(payment, AccountFinder(journal.book), journal.book.currency, settled),
        source_kind=Payment._meta.label,
        source_id=payment.pk,
        purpose="payment",
        summary=payment.note or payment.reference,
    )
    items = open_items_for(
        lines, kind=OpenItem.Kind.PAYMENT, document_kind=Payment._meta.label, document=payment.pk, order=payment.order
    )
    mine = [item for item in items if item.kind == OpenItem.Kind.PAYMENT]
    for item, part in parts:
        debit, credit = (item, mine[0]) if item.amount > 0 else (mine[0], item)
        allocate_items(debit_item=debit, credit_item=credit, amount=part, date=payment.posting_date)
    if payment.order:
        _link_advance(payment, payment.amount - settled)
    number_document(payment, entry, "payment", "RCT" if payment.direction == Direction.IN else "PAY")
    publish(
        PaymentPosted(
            subject=payment.pk,
            company=payment.company_id,
            party=payment.party_id,
            number=late(lambda: payment.number),
            direction=payment.direction,
            posting_date=payment.posting_date,
        ),
        payment=payment,
    )
    return payment


def _parts(payment: Payment, wanted: list[AllocationInput]) -> list[tuple[OpenItem, Decimal]]:
    """Return how much of the payment goes to each named item; more than there is, is refused with LIMIT."""
    left, parts, seen = payment.amount, [], set()
    for place, each in enumerate(wanted):
        item, where = each.item, ("allocations", str(place))
        settles = item.residual > 0 if payment.direction == Direction.IN else item.residual < 0
        if item.company_id != payment.company_id or item.pk in seen:
            raise Refused("INVALID", _("The item is not one that this payment can settle."), *where, "item")
        if not settles:
            raise Refused("LIMIT", _("Nothing of the item is open for this payment."), *where, "item")
        if item.currency != payment.currency:
            raise Refused("CURRENCY", _("Both items are in one currency."), *where, "item")
        part = min(abs(item.residual), left) if each.amount is None else each.amount
        if part <= 0 or part > min(abs(item.residual), left):
            most = min(abs(item.residual), left)
            raise Refused("LIMIT", _("Only {amount} is open.").format(amount=most), *where, "amount")
        if part != round_to(part, minor_units(payment.currency)):
            raise Refused("INVALID", _("The amount has more decimals than its currency."), *where, "amount")
        seen.add(item.pk)
        parts.append((item, part))
        left -= part
    return parts


def _lines(payment: Payment, finder: AccountFinder, book_currency: str, settled: Decimal) -> list[PostingLine]:
    incoming = payment.direction == Direction.IN
    control, advance = ("receivable", "advance_received") if payment.side == With.CUSTOMER else ("payable", "advance_paid")
    if incoming != (payment.side == With.CUSTOMER):
        advance = control
    finder.load(("bank", control, advance))
    total = round_money(payment.amount * payment.rate, book_currency)
    on_control = round_money(settled * payment.rate, book_currency) if settled != payment.amount else total
    given = {"currency": payment.currency, "rate": payment.rate}
    lines = [
        PostingLine(
            account=payment.account or finder.account("bank"),
            side=Side.DEBIT if incoming else Side.CREDIT,
            amount=total,
            amount_currency=payment.amount,
            purpose="bank",
            summary=payment.reference,
            **given,
        )
    ]
    group = ""
    if finder.minds_party_group(control) or finder.minds_party_group(advance):
        role = PartyRole.Role.CUSTOMER if payment.side == With.CUSTOMER else PartyRole.Role.SUPPLIER
        group = getattr(role_of(party=payment.party_id, company=payment.company_id, role=role), "account_group", "")
    for purpose, part, company in ((control, settled, on_control), (advance, payment.amount - settled, total - on_control)):
        if part:
            lines.append(
                PostingLine(
                    account=finder.account(purpose, party_group=group),
                    side=Side.CREDIT if incoming else Side.DEBIT,
                    amount=company,
                    amount_currency=part,
                    purpose=purpose,
                    party=standing_for(payment.party).pk,
                    due_date=payment.posting_date,
                    **given,
                )
            )
    return lines


def _link_advance(payment: Payment, amount: Decimal) -> None:
    link_documents(
        source_kind=payment.order_kind,
        source=payment.order,
        target=payment,
        type="advances",
        amount=amount,
        currency=payment.currency,
    )


@service(permission="finance.payment_reverse")
def reverse_payment(*, payment: Payment, posting_date: date | None = None, reason: str) -> Payment:
    """Take a posted payment back (a bounced cheque): its allocations are undone, its entry reversed."""
    payment = lock_for_update(Payment.objects.filter(pk=payment.pk))[0]
    on = posting_date or payment.posting_date
    payment.reason = reason
    move(payment, Payment.State.REVERSED, also=("reason",))
    items = list(OpenItem.objects.filter(document=payment.pk))
    keys = [item.pk for item in items]
    live = Allocation.objects.filter(reverses=None, reversed_by=None)
    for allocation in [*live.filter(debit_item__in=keys), *live.filter(credit_item__in=keys)]:
        undo_allocation(allocation=allocation, date=max(on, allocation.date), reason=reason)
    entry = Entry.objects.select_related("book", "journal", "period__year").get(source_id=payment.pk, purpose="payment")
    reversal = take_back(entry, posting_date=on, reason=reason)
    lines = EntryLine.objects.filter(entry=reversal).select_related("account", "entry")
    back = open_items_for(
        lines,
        kind=OpenItem.Kind.OTHER,
        document_kind=Payment._meta.label,
        document=payment.pk,
        party=standing_for(payment.party).pk,
    )
    settle_reversal(items, back, on=on, reason=reason)
    return payment


def settle_reversal(items: list[OpenItem], back: list[OpenItem], *, on: date, reason: str) -> None:
    """Settle the items of a document with those of its reversal."""
    fresh = list(OpenItem.objects.filter(pk__in=[item.pk for item in items]))
    for account in {item.account_id for item in fresh}:
        mine = [item for item in (*fresh, *back) if item.account_id == account]
        settle_all([i for i in mine if i.residual > 0], [i for i in mine if i.residual < 0], on=on, reason=reason)


@service(permission="finance.open_item_write_off")
def write_off(*, item: OpenItem, amount: Decimal | None = None, date: date, rounding: bool = False, reason: str = "") -> OpenItem:
    """Give up what is open of an item, as a loss (or a rounding), and settle it with that."""
    item = lock_for_update(OpenItem.objects.filter(pk=item.pk).select_related("account", "entry_line__entry"))[0]
    amount = abs(item.residual) if amount is None else amount
    if amount <= 0 or amount > abs(item.residual):
        raise Refused("LIMIT", _("Only {amount} is open.").format(amount=abs(item.residual)), "amount")
    if amount != round_to(amount, minor_units(item.currency)):
        raise Refused("INVALID", _("The amount has more decimals than its currency."), "amount")
    journal = journal_of(item.company_id, "general")
    whole = amount == abs(item.residual)
    worth = abs(item.residual_company) if whole else round_money(amount * item.entry_line.rate, journal.book.currency)
    purpose = "rounding" if rounding else "write_off"
    owed = item.amount > 0
    lines = [
        PostingLine(
            account=AccountFinder(journal.book).account(purpose),
            side=Side.DEBIT if owed else Side.CREDIT,
            amount=worth,
            purpose=purpose,
            summary=reason,
        ),
        PostingLine(
            account=item.account,
            side=Side.CREDIT if owed else Side.DEBIT,
            amount=worth,
            amount_currency=amount,
            currency=item.currency,
            rate=item.entry_line.rate,
            purpose=item.account.control,
            party=item.party_id,
            summary=reason,
        ),
    ]
    _entry, written = write_entry(
        journal=journal, posting_date=date, lines=lines, summary=reason, source_kind=OpenItem._meta.label
    )
    against = open_items_for(written, kind=OpenItem.Kind.OTHER, document_kind=OpenItem._meta.label, document=item.pk)[0]
    against_kind = (item, against) if owed else (against, item)
    allocate_items(debit_item=against_kind[0], credit_item=against_kind[1], amount=amount, date=date, reason=reason)
    return lock_for_update(OpenItem.objects.filter(pk=item.pk))[0]
