"""The documents of selling: quotes, and the orders that come of them."""

from modules.erp.orders.models.quote import Quote, QuoteLine, QuoteTax
from modules.erp.orders.models.sales_order import SalesOrder, SalesOrderLine, SalesOrderTax

__all__ = ["Quote", "QuoteLine", "QuoteTax", "SalesOrder", "SalesOrderLine", "SalesOrderTax"]
