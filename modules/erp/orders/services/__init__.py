"""What orders can do."""

from modules.erp.orders.services.closing import (
    cancel_sales_order,
    close_sales_order,
    open_demands_of,
    settle_sales_order,
    short_close_sales_order,
)
from modules.erp.orders.services.confirmation import confirm_sales_order
from modules.erp.orders.services.history import import_sales_order
from modules.erp.orders.services.lines import QuoteLineInput, SalesOrderLineInput
from modules.erp.orders.services.orders import create_sales_order, update_sales_order
from modules.erp.orders.services.quotes import (
    accept_quote,
    create_quote,
    expire_quotes,
    reject_quote,
    send_quote,
    update_quote,
)

__all__ = [name for name in dir() if not name.startswith("_")]
