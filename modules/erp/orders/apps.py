"""Quotes and sales orders: what is offered, agreed, delivered and invoiced of it."""

from django.utils.translation import gettext_lazy as _
from tessera.module import MenuItem, Module, Permission, Role

from modules.erp.orders.settings import OrdersSettings


class Orders(Module):
    """Sells goods and services; others deliver and invoice."""

    name, label, title, version = "modules.erp.orders", "orders", _("Orders"), "1.0"
    platform = ">=0.1,<1"
    depends = ("base",)
    settings = OrdersSettings
    permissions = (
        Permission("orders.quote_view", _("View quotes")),
        Permission("orders.quote_create", _("Create quotes")),
        Permission("orders.quote_update", _("Change quotes")),
        Permission("orders.quote_send", _("Send quotes")),
        Permission("orders.quote_accept", _("Take the customer's acceptance")),
        Permission("orders.quote_reject", _("Take the customer's refusal")),
        Permission("orders.quote_over_discount", _("Send quotes beyond the discount limit")),
        Permission("orders.quote_line_view", _("View quote lines")),
        Permission("orders.quote_tax_view", _("View taxes of quotes")),
        Permission("orders.sales_order_view", _("View sales orders")),
        Permission("orders.sales_order_create", _("Create sales orders")),
        Permission("orders.sales_order_update", _("Change sales orders")),
        Permission("orders.sales_order_confirm", _("Confirm sales orders")),
        Permission("orders.sales_order_short_close", _("Short-close sales orders")),
        Permission("orders.sales_order_cancel", _("Cancel sales orders")),
        Permission("orders.sales_order_close", _("Close sales orders")),
        Permission("orders.sales_order_import", _("Bring in orders that ended before")),
        Permission("orders.sales_order_over_limit", _("Confirm orders beyond the amount limit")),
        Permission("orders.sales_order_over_discount", _("Confirm orders beyond the discount limit")),
        Permission("orders.sales_order_over_credit", _("Confirm orders beyond the credit limit")),
        Permission("orders.sales_order_line_view", _("View sales order lines")),
        Permission("orders.sales_order_tax_view", _("View taxes of sales orders")),
        Permission("orders.price_trace_view", _("See how prices came about")),
    )
    roles = {
        "orders_reader": Role(_("Reader of orders"), ("orders.*_view",), reach="company"),
        "seller": Role(
            _("Seller"),
            (
                "orders.*_view",
                "orders.quote_create",
                "orders.quote_update",
                "orders.quote_send",
                "orders.quote_accept",
                "orders.quote_reject",
                "orders.sales_order_create",
                "orders.sales_order_update",
                "orders.sales_order_confirm",
            ),
            reach="own",
        ),
        "order_manager": Role(_("Order manager"), ("orders.*",), reach="company"),
    }
    menu = (
        MenuItem(_("Quotes"), "Quote", "orders.quote_view"),
        MenuItem(_("Sales orders"), "SalesOrder", "orders.sales_order_view"),
    )
