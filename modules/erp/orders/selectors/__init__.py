"""What is asked of orders that is more than a row."""

from modules.erp.orders.selectors.billing import billable_of, orders_to_invoice, unbilled_of
from modules.erp.orders.selectors.closing import ShortCloseLine, ShortClosePreview, short_close_preview
from modules.erp.orders.selectors.progress import (
    OrderProgress,
    backordered_quantities,
    delivered_quantities,
    invoiced_quantities,
    percents_delivered,
    percents_invoiced,
    progress_of,
    reserved_of_lines,
)

__all__ = [
    "OrderProgress",
    "ShortCloseLine",
    "ShortClosePreview",
    "backordered_quantities",
    "billable_of",
    "delivered_quantities",
    "invoiced_quantities",
    "orders_to_invoice",
    "percents_delivered",
    "percents_invoiced",
    "progress_of",
    "reserved_of_lines",
    "short_close_preview",
    "unbilled_of",
]
