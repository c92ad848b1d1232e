"""What finance can do."""

from modules.erp.finance.services.accounts import AccountChoice, AccountFinder, explain_account
from modules.erp.finance.services.billing import create_invoice_for
from modules.erp.finance.services.clearing import clear_waiting_goods
from modules.erp.finance.services.closing import close_income, revalue_currency
from modules.erp.finance.services.credit_notes import CreditLineInput, credit_invoice, reverse_invoice
from modules.erp.finance.services.cut_over import catch_up, cut_over
from modules.erp.finance.services.dimensions import require_dimensions
from modules.erp.finance.services.entries import (
    EntryLineInput,
    change_entry,
    delete_entry,
    draft_entry,
    post_entry,
    return_entry,
    reverse_entry,
    review_entry,
)
from modules.erp.finance.services.goods import book_adjustment, book_moves
from modules.erp.finance.services.invoices import InvoiceLineInput, create_invoice, delete_invoice
from modules.erp.finance.services.items import allocate_items, undo_allocation
from modules.erp.finance.services.merged import follow_merged_parties
from modules.erp.finance.services.payments import AllocationInput, create_payment, post_payment, reverse_payment, write_off
from modules.erp.finance.services.periods import close_period, period_for, reopen_period
from modules.erp.finance.services.posting_invoices import post_invoice
from modules.erp.finance.services.setup import leading_book, leading_book_or_none, open_fiscal_year, setup_books, today_of

__all__ = [name for name in dir() if not name.startswith("_")]
