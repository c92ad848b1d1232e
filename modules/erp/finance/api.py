"""What other modules may use of finance: facts and ports are enough; nothing else is public."""

from modules.erp.finance.events import (
    BooksOpened,
    CreditNotePosted,
    InvoicePosted,
    InvoiceSettled,
    PaymentPosted,
    PeriodClosed,
)
