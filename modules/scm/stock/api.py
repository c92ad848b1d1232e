"""What other modules may use of stock."""

from modules.scm.stock.models import (
    Delivery,
    DeliveryLine,
    Location,
    LocationKind,
    Lot,
    Receipt,
    ReceiptLine,
    StockDemand,
    StockMove,
    Transfer,
    Warehouse,
)
from modules.scm.stock.selectors import goods_shipped, stock_on_hand, stock_value
from modules.scm.stock.services import (
    DeliveryLineInput,
    DropShipLineInput,
    ReceiptLineInput,
    ReturnLineInput,
    TransferLineInput,
    adjust_value,
    cancel_delivery,
    cancel_receipt,
    complete_delivery,
    complete_receipt,
    complete_transfer,
    count_stock,
    create_delivery_for,
    create_drop_shipment,
    create_receipt,
    create_transfer,
    create_warehouse,
    open_stock,
    peg_demand,
    ready_delivery,
    ready_receipt,
    ready_transfer,
    release_reservation,
    reserve_demand,
    return_from_customer,
    setup_company,
)

__all__ = [name for name in dir() if not name.startswith("_")]
