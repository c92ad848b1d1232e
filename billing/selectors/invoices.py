"""The company's invoices, as Stripe has them, and the one that comes next."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from tessera.errors import ApiError, Code

from billing.gateway.bills import Bill, BillLine, preview_next, read_bills
from billing.models import Invoice
from billing.services.company import answered, buyer, going

MOST = 100


@dataclass(frozen=True, kw_only=True)
class BillingInvoice:
    """An invoice: `total` with discount and tax, `due` what of it credit did not pay, `remaining` what is still to be paid.

    `page` is where it is seen and paid, `pdf` the document; both are empty for a draft.
    """

    id: str
    number: str
    status: Invoice.Status
    currency: str
    created: datetime
    due_at: datetime | None
    subtotal: Decimal
    discount: Decimal
    tax: Decimal
    total: Decimal
    due: Decimal
    remaining: Decimal
    page: str
    pdf: str
    lines: list[BillLine]


@dataclass(frozen=True, kw_only=True)
class BillingInvoices:
    """Invoices, the newest first; with `more` there are older ones, after the `id` of the last."""

    nodes: list[BillingInvoice]
    more: bool


@dataclass(frozen=True, kw_only=True)
class NextInvoice:
    """The invoice that comes next as it would be now; `due` is what is paid of `total` beside the credit that there is."""

    at: datetime | None
    currency: str
    subtotal: Decimal
    discount: Decimal
    tax: Decimal
    total: Decimal
    due: Decimal
    lines: list[BillLine]


def billing_invoices(*, first: int = 20, after: str = "") -> BillingInvoices:
    """List the company's invoices, up to 100 at a time; `after` is the id of the last one that is known."""
    if not 1 <= first <= MOST:
        raise ApiError(Code.BAD_INPUT, f"Ask for 1 to {MOST} invoices.", field=["first"])
    customer = buyer()
    if customer is None:
        return BillingInvoices(nodes=[], more=False)
    if after and not customer.invoices.filter(stripe_id=after).exists():
        raise ApiError(Code.BAD_CURSOR, "There is no such invoice.", field=["after"])
    with answered():
        found, more = read_bills(str(customer.stripe_id), first=first, after=after)
    return BillingInvoices(nodes=[_shown(each) for each in found], more=more)


def _shown(bill: Bill) -> BillingInvoice:
    return BillingInvoice(
        id=bill.id,
        number=bill.number,
        status=Invoice.Status(bill.status),
        currency=bill.currency,
        created=bill.created,
        due_at=bill.due_at,
        subtotal=bill.subtotal,
        discount=bill.discount,
        tax=bill.tax,
        total=bill.total,
        due=bill.due,
        remaining=bill.remaining,
        page=bill.page,
        pdf=bill.pdf,
        lines=list(bill.lines),
    )


def billing_next_invoice() -> NextInvoice | None:
    """Show the next invoice of the subscription, null where none comes any more."""
    subscription = going(buyer())
    if subscription is None:
        return None
    with answered():
        bill = preview_next(subscription.stripe_id)
    if bill is None:
        return None
    return NextInvoice(
        at=bill.due_at or bill.created,
        currency=bill.currency,
        subtotal=bill.subtotal,
        discount=bill.discount,
        tax=bill.tax,
        total=bill.total,
        due=bill.due,
        lines=list(bill.lines),
    )
