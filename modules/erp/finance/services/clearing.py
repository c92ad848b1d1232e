"""Giving up on papers that will not come."""

from datetime import date
from uuid import UUID

from django.utils.translation import gettext as _
from tessera.api import Refused, service

from modules.erp.finance.models import Account, Book, Control, Entry, EntryLine, Side
from modules.erp.finance.services.accounts import AccountFinder
from modules.erp.finance.services.interim import CLEARED, MOVED_ON, Pool, pools_of
from modules.erp.finance.services.posting import PostingLine, journal_of, write_entry

# Where the value goes of what will not be billed, and of what will not be invoiced.
GOES_TO = {Control.RECEIVED_NOT_BILLED: "price_variance", Control.SHIPPED_NOT_INVOICED: "cogs"}


@service(permission="finance.waiting_goods_clear")
def clear_waiting_goods(
    *, book: Book, lines: list[UUID], posting_date: date, account: Account | None = None, reason: str
) -> Entry:
    """Give up waiting for the bill or the invoice of goods, by the lines that the reports name.

    What will not be billed goes to the price variance, what will not be invoiced to the cost of goods
    sold, or to another `account`: opening equity for what was billed before the books.
    """
    if account is not None and account.control:
        raise Refused("CONTROL", _("{account} is only posted to by its subledger.").format(account=account), "account")
    finder = AccountFinder(book)
    made: list[PostingLine] = []
    for control, purpose in GOES_TO.items():
        for line, pool in pools_of(book, control, lines).items():
            if pool.quantity or pool.value:
                made += _give_up(finder, control, line, pool, account or purpose)
    if {line.source_line for line in made if line.purpose == CLEARED} != set(lines):
        raise Refused("LIMIT", _("Nothing waits on one of these lines."), "lines")
    entry, _lines = write_entry(
        journal=journal_of(book.company_id, "general"), posting_date=posting_date, lines=made, summary=reason
    )
    return entry


def _give_up(finder: AccountFinder, control: Control, line: UUID, pool: Pool, goes_to: Account | str) -> list[PostingLine]:
    """Return the lines that clear what waits on one line, on the very account that it waits on."""
    moved_on = MOVED_ON[control]
    known = EntryLine.objects.filter(account__book=finder.book, account__control=control, source_line=line)
    held = known.select_related("account", "item").order_by("-id")[0]
    category = held.item.category_id if held.item else None
    purpose = goes_to if isinstance(goes_to, str) else ""
    target = finder.account(goes_to, item=held.item_id, item_category=category) if isinstance(goes_to, str) else goes_to
    given = {"amount": pool.value, "item": held.item_id, "quantity": pool.quantity, "party": held.party_id, "source_line": line}
    other = Side.DEBIT if moved_on == Side.CREDIT else Side.CREDIT
    return [
        PostingLine(account=held.account, side=other, purpose=CLEARED, **given),
        PostingLine(account=target, side=moved_on, purpose=purpose, **given),
    ]
