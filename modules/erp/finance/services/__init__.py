"""What finance can do."""

from modules.erp.finance.services.accounts import AccountChoice, AccountFinder, explain_account
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
from modules.erp.finance.services.periods import close_period, period_for, reopen_period
from modules.erp.finance.services.setup import leading_book, leading_book_or_none, open_fiscal_year, setup_books, today_of

__all__ = [name for name in dir() if not name.startswith("_")]
