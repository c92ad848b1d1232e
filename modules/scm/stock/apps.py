"""Stock: what lies where, for whom it is set aside, and what it cost."""

from typing import Any

from django.utils.translation import gettext_lazy as _
from tessera.module import MenuItem, Module, Permission, Role

READING = ("stock.*_view",)
HANDLING = (
    *READING,
    "base.item_view",
    "base.party_view",
    "base.company_view",
    "base.unit_view",
    "stock.receipt_create",
    "stock.receipt_update",
    "stock.receipt_complete",
    "stock.delivery_create",
    "stock.delivery_update",
    "stock.delivery_complete",
    "stock.delivery_return",
    "stock.transfer_create",
    "stock.transfer_update",
    "stock.transfer_complete",
    "stock.lot_create",
)


class Stock(Module):
    """Warehouses, moves, reservations and costs; it books nothing itself, finance listens."""

    name, label, title, version = "modules.scm.stock", "stock", _("Stock"), "1.0"
    platform = ">=0.1,<1"
    depends = ("base",)
    permissions = (
        Permission("stock.warehouse_create", _("Set up warehouses")),
        Permission("stock.location_create", _("Add locations")),
        Permission("stock.lot_create", _("Add lots")),
        Permission("stock.policy_create", _("Set up stock for a company")),
        Permission("stock.receipt_create", _("Draft receipts")),
        Permission("stock.receipt_update", _("Expect and cancel receipts")),
        Permission("stock.receipt_complete", _("Receive goods")),
        Permission("stock.delivery_create", _("Draft deliveries")),
        Permission("stock.delivery_update", _("Release and cancel deliveries")),
        Permission("stock.delivery_complete", _("Ship goods")),
        Permission("stock.delivery_return", _("Take goods back from customers")),
        Permission("stock.transfer_create", _("Draft transfers")),
        Permission("stock.transfer_update", _("Release and cancel transfers")),
        Permission("stock.transfer_complete", _("Move goods between locations")),
        Permission("stock.stock_count_create", _("Count stock")),
        Permission("stock.reservation_create", _("Reserve stock")),
        Permission("stock.reservation_delete", _("Free reserved stock")),
        Permission("stock.value_adjustment_create", _("Change the cost of received goods")),
        Permission("stock.value_view", _("See the value of stock")),
    )
    roles = {
        "warehouse_clerk": Role(_("Warehouse clerk"), HANDLING, reach="company"),
        "warehouse_manager": Role(_("Warehouse manager"), ("stock.*", "base.*_view")),
    }
    menu = (
        MenuItem(_("Deliveries"), "Delivery", "stock.delivery_view"),
        MenuItem(_("Receipts"), "Receipt", "stock.receipt_view"),
        MenuItem(_("Transfers"), "Transfer", "stock.transfer_view"),
        MenuItem(_("Stock"), "StockBalance", "stock.stock_balance_view"),
        MenuItem(_("Demand"), "StockDemand", "stock.stock_demand_view"),
        MenuItem(_("Warehouses"), "Warehouse", "stock.warehouse_view"),
    )

    def on_enable(self, tenant: Any) -> None:
        """Set up every company, and take over what is confirmed and not delivered yet."""
        from modules.scm.stock.services.places import setup_tenant

        setup_tenant()
