"""Places, moves, costs, demands and the documents of stock."""

from modules.scm.stock.models.costing import (
    CostLayer,
    CostPool,
    LayerUse,
    PoolMethod,
    PoolScope,
    ValueAdjustment,
    ValueAdjustmentPart,
)
from modules.scm.stock.models.demands import Reservation, ReservationKind, StockDemand
from modules.scm.stock.models.documents import (
    Delivery,
    DeliveryLine,
    Receipt,
    ReceiptKind,
    ReceiptLine,
    StockCount,
    StockCountLine,
    StockDocument,
    Transfer,
    TransferLine,
)
from modules.scm.stock.models.moves import StockBalance, StockMove, ValueBasis
from modules.scm.stock.models.places import (
    OUTSIDE_KINDS,
    OWN_KINDS,
    Location,
    LocationKind,
    Lot,
    StockPolicy,
    Warehouse,
)

__all__ = [
    "OUTSIDE_KINDS",
    "OWN_KINDS",
    "CostLayer",
    "CostPool",
    "Delivery",
    "DeliveryLine",
    "LayerUse",
    "Location",
    "LocationKind",
    "Lot",
    "PoolMethod",
    "PoolScope",
    "Receipt",
    "ReceiptKind",
    "ReceiptLine",
    "Reservation",
    "ReservationKind",
    "StockBalance",
    "StockCount",
    "StockCountLine",
    "StockDemand",
    "StockDocument",
    "StockMove",
    "StockPolicy",
    "Transfer",
    "TransferLine",
    "ValueAdjustment",
    "ValueAdjustmentPart",
    "ValueBasis",
    "Warehouse",
]
