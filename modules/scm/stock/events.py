"""Facts that stock tells."""

from datetime import date
from decimal import Decimal
from uuid import UUID

from tessera.api import event


@event("stock.moves_done")
class MovesDone:
    """A stock document moved goods; hooks get `moves`, a list of `base.MoveValued`, in the same transaction.

    Goods that belong to somebody else are not among them.
    `document_kind` is the document's model label. `number` is "" where the document takes effect
    in the very unit of work that makes it: its number is only known at the end.
    """

    subject: UUID
    document_kind: str
    company: UUID
    number: str
    posting_date: date


@event("stock.delivery_done")
class DeliveryDone:
    """Goods went to a customer; `documents` are those whose demands they fulfil."""

    subject: UUID
    company: UUID
    party: UUID
    documents: list[UUID]


@event("stock.receipt_done")
class ReceiptDone:
    """Goods came in; `kind` is supplier, opening or return."""

    subject: UUID
    company: UUID
    party: UUID | None
    kind: str


@event("stock.count_done")
class CountDone:
    """A location was counted; the difference moved to or from gains and losses."""

    subject: UUID
    company: UUID
    location: UUID


@event("stock.reservation_lost")
class ReservationLost:
    """Goods set aside for a line are not there; the line waits for stock again."""

    subject: UUID
    company: UUID
    party: UUID
    line: UUID
    item: UUID
    quantity: Decimal


@event("stock.value_adjusted")
class ValueAdjusted:
    """The cost of received goods changed later; hooks get `adjustment` and its `split`.

    `cause` names the module that knows why: finance books what it did not cause itself.
    """

    subject: UUID
    company: UUID
    item: UUID
    receipt_line: UUID
    on_hand: Decimal
    gone: Decimal
    reason: str
    effective_date: date
    cause: str
