"""Open items: made with the line they stand for, settled by allocations of a debit with a credit."""

from collections.abc import Iterable, Sequence
from datetime import date
from decimal import Decimal
from uuid import UUID

from django.db.models import Q
from django.utils.translation import gettext as _
from tessera.api import Refused, lock_for_update, minor_units, part_of, publish, service

from modules.erp.finance.events import InvoiceSettled
from modules.erp.finance.models import Allocation, Control, Entry, EntryLine, Invoice, InvoiceLine, OpenItem, Side
from modules.erp.finance.services.accounts import AccountFinder
from modules.erp.finance.services.entries import take_back
from modules.erp.finance.services.posting import PostingLine, journal_of, write_entry

ZERO = Decimal(0)
PARTY_CONTROLS = (Control.RECEIVABLE, Control.PAYABLE, Control.ADVANCE_RECEIVED, Control.ADVANCE_PAID)


def open_items_for(
    lines: Iterable[EntryLine],
    *,
    kind: str,
    document_kind: str,
    document: UUID,
    order: UUID | None = None,
    party: UUID | None = None,
) -> list[OpenItem]:
    """Open an item per line on a control account of a party; lines of nothing open none.

    `party` is who stands for the party of the lines today, where that may be another one.
    """
    made = []
    for line in lines:
        if line.account.control not in PARTY_CONTROLS or (line.amount == 0 and line.amount_currency == 0):
            continue
        sign = 1 if line.side == Side.DEBIT else -1
        advance = line.account.control in (Control.ADVANCE_RECEIVED, Control.ADVANCE_PAID)
        made.append(
            OpenItem(
                entry_line=line,
                company_id=line.entry.company_id,
                party_id=party or line.party_id,
                account=line.account,
                kind=OpenItem.Kind.ADVANCE if advance else kind,
                document_kind=document_kind,
                document=document,
                order=order,
                currency=line.currency,
                amount=sign * line.amount_currency,
                residual=sign * line.amount_currency,
                amount_company=sign * line.amount,
                residual_company=sign * line.amount,
                posting_date=line.entry.posting_date,
                due_date=line.due_date or line.entry.posting_date,
            )
        )
    return OpenItem.objects.bulk_create(made)


@service(permission="finance.allocation_create")
def allocate_items(
    *, debit_item: OpenItem, credit_item: OpenItem, amount: Decimal | None = None, date: date, reason: str = ""
) -> Allocation:
    """Settle a debit item with a credit item of the same company and currency, as far as both are open.

    Without `amount` as much as possible; more than is open is refused with LIMIT. What the two are
    worth in the book's currency may differ: the difference is booked as a gain or loss of exchange.
    """
    debit, credit = _locked_pair(debit_item, credit_item)
    amount = _amount(debit, credit, amount)
    decimals = minor_units(debit.entry_line.entry.book.currency)
    debit_company, credit_company = _worth(debit, amount, decimals), _worth(credit, amount, decimals)
    allocation = Allocation(
        debit_item=debit,
        credit_item=credit,
        date=date,
        currency=debit.currency,
        amount=amount,
        debit_company=debit_company,
        credit_company=credit_company,
        reason=reason,
    )
    allocation.entry = _entry_of(allocation)
    allocation.save()
    _settle(debit, -amount, -debit_company)
    _settle(credit, amount, credit_company)
    _tell_settled([debit, credit])
    return allocation


def _locked_pair(debit_item: OpenItem, credit_item: OpenItem) -> tuple[OpenItem, OpenItem]:
    wanted = OpenItem.objects.filter(pk__in=[debit_item.pk, credit_item.pk]).select_related("account", "entry_line__entry__book")
    found = {row.pk: row for row in lock_for_update(wanted)}
    debit, credit = found[debit_item.pk], found[credit_item.pk]
    if debit.pk == credit.pk or debit.amount <= 0 or credit.amount >= 0:
        raise Refused("INVALID", _("A debit is settled with a credit."), "credit_item")
    if debit.company_id != credit.company_id:
        raise Refused("INVALID", _("Both items belong to one company."), "credit_item")
    if debit.currency != credit.currency:
        raise Refused("CURRENCY", _("Both items are in one currency."), "credit_item")
    for name, item in (("debit_item", debit), ("credit_item", credit)):
        if item.blocked:
            raise Refused("STATE", _("This item is blocked."), name)
    return debit, credit


def _amount(debit: OpenItem, credit: OpenItem, asked: Decimal | None) -> Decimal:
    most = min(debit.residual, -credit.residual)
    amount = most if asked is None else asked
    if amount > most:
        raise Refused("LIMIT", _("Only {amount} is open.").format(amount=most), "amount")
    if amount <= 0:
        raise Refused("INVALID" if most else "LIMIT", _("There is nothing to settle."), "amount")
    if amount != round(amount, minor_units(debit.currency)):
        raise Refused("INVALID", _("The amount has more decimals than its currency."), "amount")
    return amount


def _worth(item: OpenItem, amount: Decimal, decimals: int) -> Decimal:
    """Return what `amount` of an item is in the book's currency (not signed); the last part takes the rest."""
    whole, before = abs(item.amount), abs(item.amount - item.residual)
    done = abs(item.amount_company - item.residual_company)
    return part_of(abs(item.amount_company), before + amount, whole, done, decimals)


def _settle(item: OpenItem, amount: Decimal, company: Decimal) -> None:
    item.residual += amount
    item.residual_company += company
    item.save()


def _entry_of(allocation: Allocation) -> Entry | None:
    """Book what an allocation changes in the ledger: other accounts or parties, and the difference of exchange."""
    debit, credit = allocation.debit_item, allocation.credit_item
    difference = allocation.debit_company - allocation.credit_company
    same = (debit.account_id, debit.party_id) == (credit.account_id, credit.party_id)
    if same and not difference:
        return None
    if same:
        lines = [_control(debit, Side.CREDIT, difference, ZERO)]
    else:
        lines = [
            _control(credit, Side.DEBIT, allocation.credit_company, allocation.amount),
            _control(debit, Side.CREDIT, allocation.debit_company, allocation.amount),
        ]
    journal = journal_of(debit.company_id, "general")
    if difference:
        purpose, side = ("exchange_loss", Side.DEBIT) if difference > 0 else ("exchange_gain", Side.CREDIT)
        account = AccountFinder(journal.book).account(purpose)
        lines.append(PostingLine(account=account, side=side, amount=abs(difference), purpose=purpose))
    entry, _lines = write_entry(
        journal=journal,
        posting_date=allocation.date,
        lines=lines,
        source_kind=Allocation._meta.label,
        source_id=allocation.pk,
        purpose="settlement",
        summary=allocation.reason,
    )
    return entry


def _control(item: OpenItem, side: str, amount: Decimal, amount_currency: Decimal) -> PostingLine:
    return PostingLine(
        account=item.account,
        side=side,
        amount=amount,
        purpose=item.account.control,
        currency=item.currency,
        amount_currency=amount_currency,
        rate=item.entry_line.rate,
        party=item.party_id,
    )


@service(permission="finance.allocation_undo")
def undo_allocation(*, allocation: Allocation, date: date | None = None, reason: str = "") -> Allocation:
    """Take an allocation back by a reversing row; both items are open again by as much."""
    if allocation.reverses_id or Allocation.objects.filter(reverses=allocation).exists():
        raise Refused("STATE", _("This allocation is undone already."), "allocation")
    wanted = OpenItem.objects.filter(pk__in=[allocation.debit_item_id, allocation.credit_item_id])
    items = {row.pk: row for row in lock_for_update(wanted)}
    undone = Allocation(
        debit_item=items[allocation.debit_item_id],
        credit_item=items[allocation.credit_item_id],
        date=date or allocation.date,
        currency=allocation.currency,
        amount=-allocation.amount,
        debit_company=-allocation.debit_company,
        credit_company=-allocation.credit_company,
        reverses=allocation,
        reason=reason,
    )
    if allocation.entry_id:
        entry = Entry.objects.select_related("book", "journal", "period__year").get(pk=allocation.entry_id)
        undone.entry = take_back(entry, posting_date=undone.date, reason=reason)
    undone.save()
    _settle(undone.debit_item, allocation.amount, allocation.debit_company)
    _settle(undone.credit_item, -allocation.amount, -allocation.credit_company)
    return undone


def settle_all(debits: Sequence[OpenItem], credits: Sequence[OpenItem], *, on: date, reason: str = "") -> list[Allocation]:
    """Settle items with each other, the earliest due first, until one side has nothing open."""
    made = []
    waiting = sorted(credits, key=lambda item: (item.due_date, item.pk))
    for debit in sorted(debits, key=lambda item: (item.due_date, item.pk)):
        left = debit.residual
        for credit in waiting:
            amount = min(left, -credit.residual)
            if amount <= 0:
                continue
            made.append(allocate_items(debit_item=debit, credit_item=credit, amount=amount, date=on, reason=reason))
            credit.residual += amount
            left -= amount
    return made


def _tell_settled(items: Iterable[OpenItem]) -> None:
    """Publish `finance.invoice_settled` for every invoice of which nothing is open any more."""
    done = {item.document for item in items if item.kind == OpenItem.Kind.INVOICE and item.residual == 0}
    still = set(OpenItem.objects.filter(~Q(residual=0), document__in=done).values_list("document", flat=True))
    for invoice in Invoice.objects.filter(pk__in=done - still).order_by("pk"):
        orders = InvoiceLine.objects.filter(document=invoice, source_document__isnull=False)
        documents = sorted(set(orders.values_list("source_document", flat=True)), key=str)
        publish(InvoiceSettled(subject=invoice.pk, company=invoice.company_id, party=invoice.party_id, documents=documents))
