"""Facts that orders tell.

A sales order's number is given when its unit of work ends, so a confirmation tells it late.
"""

from uuid import UUID

from tessera.api import event


@event("orders.quote_created")
class QuoteCreated:
    """A quote was drafted; live: `quote`. `opportunity` is what it is meant to win, if any."""

    subject: UUID
    opportunity: UUID | None = None


@event("orders.quote_sent")
class QuoteSent:
    """A revision of a quote went to the customer."""

    subject: UUID
    revision: int


@event("orders.quote_accepted")
class QuoteAccepted:
    """The customer took a revision of a quote, and an order was made of it."""

    subject: UUID
    order: UUID
    revision: int
    opportunity: UUID | None = None


@event("orders.quote_rejected")
class QuoteRejected:
    """The customer said no."""

    subject: UUID
    reason: str
    opportunity: UUID | None = None


@event("orders.quote_expired")
class QuoteExpired:
    """Nobody answered while the quote was valid."""

    subject: UUID
    opportunity: UUID | None = None


@event("orders.sales_order_confirmed")
class SalesOrderConfirmed:
    """An order took effect; live: `demands`, what is to be delivered of it."""

    subject: UUID
    company: UUID
    party: UUID
    number: str


@event("orders.sales_order_amended")
class SalesOrderAmended:
    """An order in force was changed; live: `demands`, all its lines as they are now, and `removed`, those that are gone."""

    subject: UUID
    company: UUID
    party: UUID
    number: str
    revision: int


@event("orders.sales_order_short_closed")
class SalesOrderShortClosed:
    """The rest of an order will not be delivered; live: `demands`, what is cancelled per line."""

    subject: UUID
    company: UUID
    party: UUID
    number: str
    reason: str


@event("orders.sales_order_cancelled")
class SalesOrderCancelled:
    """An order of which nothing was done is off; live: `demands`, what is cancelled per line."""

    subject: UUID
    company: UUID
    party: UUID
    number: str
    reason: str


@event("orders.sales_order_delivered")
class SalesOrderDelivered:
    """The last goods of an order left; told once."""

    subject: UUID
    company: UUID
    party: UUID
    number: str
    contact: UUID | None = None


@event("orders.sales_order_closed")
class SalesOrderClosed:
    """Everything that is tracked of an order is done."""

    subject: UUID
    company: UUID
    party: UUID
    number: str
