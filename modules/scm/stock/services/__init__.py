"""What stock can do."""

from modules.scm.stock.services.backorders import free_expired
from modules.scm.stock.services.counts import count_stock
from modules.scm.stock.services.deliveries import (
    DropShipLineInput,
    cancel_delivery,
    complete_delivery,
    create_delivery_for,
    create_drop_shipment,
    ready_delivery,
    ship_document,
)
from modules.scm.stock.services.demands import lower_demands, name_demands, take_demands, take_new_demands
from modules.scm.stock.services.picking import DeliveryLineInput
from modules.scm.stock.services.places import create_location, create_lot, create_warehouse, setup_company, setup_tenant
from modules.scm.stock.services.receipts import (
    ReceiptLineInput,
    ReturnLineInput,
    cancel_receipt,
    complete_receipt,
    create_receipt,
    open_stock,
    ready_receipt,
    return_from_customer,
)
from modules.scm.stock.services.reservations import peg_demand, release_reservation, reserve_demand
from modules.scm.stock.services.transfers import (
    TransferLineInput,
    cancel_transfer,
    complete_transfer,
    create_transfer,
    ready_transfer,
)
from modules.scm.stock.services.values import SpreadBy, adjust_value, apply_difference

__all__ = [name for name in dir() if not name.startswith("_")]
