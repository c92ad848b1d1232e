"""The books: accounts, periods, entries; invoices, payments and what is open between them."""

from modules.erp.finance.models.account import Account, AccountDimension, AccountMap, Control
from modules.erp.finance.models.book import Book, BookHead
from modules.erp.finance.models.entry import Entry, EntryLine, Journal, Side
from modules.erp.finance.models.invoice import Invoice, InvoiceLine, InvoiceTax
from modules.erp.finance.models.open_item import Allocation, OpenItem
from modules.erp.finance.models.payment import Payment
from modules.erp.finance.models.period import Area, FiscalPeriod, FiscalYear, PeriodLock
from modules.erp.finance.models.tax_line import TaxLine
from modules.erp.finance.models.waiting import WaitingLine

__all__ = [
    "Account",
    "AccountDimension",
    "AccountMap",
    "Allocation",
    "Area",
    "Book",
    "BookHead",
    "Control",
    "Entry",
    "EntryLine",
    "FiscalPeriod",
    "FiscalYear",
    "Invoice",
    "InvoiceLine",
    "InvoiceTax",
    "Journal",
    "OpenItem",
    "Payment",
    "PeriodLock",
    "Side",
    "TaxLine",
    "WaitingLine",
]
