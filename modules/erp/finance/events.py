"""Facts that finance tells."""

from datetime import date
from uuid import UUID

from tessera.api import event


@event("finance.books_opened")
class BooksOpened:
    """A book of a company was opened."""

    subject: UUID
    company: UUID


@event("finance.invoice_posted")
class InvoicePosted:
    """An invoice took effect; `documents` are the orders it bills."""

    subject: UUID
    company: UUID
    party: UUID
    number: str
    direction: str
    posting_date: date
    documents: list[UUID]


@event("finance.credit_note_posted")
class CreditNotePosted:
    """A credit note took effect; `corrects` is the invoice it corrects, if it names one."""

    subject: UUID
    company: UUID
    party: UUID
    number: str
    direction: str
    posting_date: date
    corrects: UUID | None
    documents: list[UUID]


@event("finance.invoice_settled")
class InvoiceSettled:
    """Nothing of an invoice is open any more."""

    subject: UUID
    company: UUID
    party: UUID
    documents: list[UUID]


@event("finance.payment_posted")
class PaymentPosted:
    """Money came in or went out."""

    subject: UUID
    company: UUID
    party: UUID
    number: str
    direction: str
    posting_date: date


@event("finance.period_closed")
class PeriodClosed:
    """An area of a period takes no more postings."""

    subject: UUID
    company: UUID
    area: str
