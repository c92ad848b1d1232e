"""What other modules may use of orders."""

from modules.erp.orders.models import Quote, QuoteLine, SalesOrder, SalesOrderLine
from modules.erp.orders.services import (
    QuoteLineInput,
    SalesOrderLineInput,
    accept_quote,
    cancel_sales_order,
    confirm_sales_order,
    create_quote,
    create_sales_order,
    import_sales_order,
    send_quote,
    short_close_sales_order,
    update_quote,
    update_sales_order,
)

__all__ = [name for name in dir() if not name.startswith("_")]
