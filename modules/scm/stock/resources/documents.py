"""Receipts, deliveries, transfers and counts."""

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy
from tessera.api import Action, Children, Form, List, Resource, RowScope

from modules.scm.stock import models, services

HEADER = (
    "company",
    "number",
    "state",
    "document_date",
    "posting_date",
    "party",
    "reference",
    "owner",
    "org_unit",
    "reason",
    "note",
    "origin",
    "external_id",
    "done_at",
    "version",
    "created_at",
    "updated_at",
)
LINE = (
    "document",
    "position",
    "item",
    "description",
    "quantity",
    "unit",
    "base_quantity",
    "lot",
)
FILTERS = ("company", "number", "state", "document_date", "posting_date", "party", "reference", "owner", "created_at")
ORDER = ("number", "document_date")
SCOPE = RowScope(owner="owner", unit="org_unit", company="company")
LINE_SCOPE = RowScope(owner="document__owner", unit="document__org_unit", company="document__company")
NOTES = Form(((_("Notes"), ("reference", "note")),))
OPEN = ("draft", "ready")

Resource(
    model=models.Receipt,
    fields=("kind", *HEADER, "warehouse", "currency", "rate", "net_total"),
    writable=("reference", "note"),
    create=services.create_receipt,
    update=True,
    filters=("kind", *FILTERS, "warehouse"),
    order=ORDER,
    search=("number", "reference"),
    children=(Children("lines", models.ReceiptLine, "document"),),
    actions=(
        Action("ready", services.ready_receipt, title=_("Expect"), states=("draft",), bulk=True),
        Action("complete", services.complete_receipt, title=_("Receive"), states=("ready",), bulk=True),
        Action("cancel", services.cancel_receipt, title=_("Cancel"), states=OPEN),
        Action("open", services.open_stock, title=_("Take over opening stock")),
        Action("adjust_value", services.adjust_value, title=_("Add a later cost"), states=("done",)),
    ),
    views=(List(("number", "kind", "party", "document_date", "state")), NOTES),
    scope=SCOPE,
    field_rights={"net_total": "stock.value_view"},
    currencies={"net_total": "currency"},
)
Resource(
    model=models.ReceiptLine,
    fields=(*LINE, "unit_price", "net", "location", "returns_line", "pegged"),
    filters=("document", "item", "lot", "location", "returns_line"),
    order=("position",),
    scope=LINE_SCOPE,
    field_rights={"unit_price": "stock.value_view", "net": "stock.value_view"},
    currencies=dict.fromkeys(("unit_price", "net"), "document__currency"),
)
Resource(
    model=models.Delivery,
    plural="Deliveries",
    fields=(*HEADER, "ship_to", "drop_ship", "supplier"),
    writable=("reference", "note"),
    create=services.create_delivery_for,
    update=True,
    filters=(*FILTERS, "drop_ship", "supplier"),
    order=ORDER,
    search=("number", "reference"),
    children=(Children("lines", models.DeliveryLine, "document"),),
    actions=(
        Action("ready", services.ready_delivery, title=_("Release to the warehouse"), states=("draft",), bulk=True),
        Action("complete", services.complete_delivery, title=_("Ship"), states=("ready",), bulk=True),
        Action("cancel", services.cancel_delivery, title=_("Cancel"), states=OPEN),
        Action("ship", services.ship_document, title=_("Ship at once")),
        Action("drop_ship", services.create_drop_shipment, title=_("Let the supplier ship")),
        Action("return", services.return_from_customer, title=pgettext_lazy("goods", "Take back"), states=("done",)),
    ),
    views=(List(("number", "party", "document_date", "state")), NOTES),
    scope=SCOPE,
)
Resource(
    model=models.DeliveryLine,
    fields=(*LINE, "demand", "location"),
    filters=("document", "demand", "item", "lot", "location"),
    order=("position",),
    scope=LINE_SCOPE,
)
Resource(
    model=models.Transfer,
    fields=(*HEADER, "source", "target"),
    writable=("reference", "note"),
    create=services.create_transfer,
    update=True,
    filters=(*FILTERS, "source", "target"),
    order=ORDER,
    search=("number", "reference"),
    children=(Children("lines", models.TransferLine, "document"),),
    actions=(
        Action("ready", services.ready_transfer, title=_("Release to the warehouse"), states=("draft",), bulk=True),
        Action("complete", services.complete_transfer, title=_("Move the goods"), states=("ready",), bulk=True),
        Action("cancel", services.cancel_transfer, title=_("Cancel"), states=OPEN),
    ),
    views=(List(("number", "source", "target", "document_date", "state")), NOTES),
    scope=SCOPE,
)
Resource(
    model=models.TransferLine,
    fields=LINE,
    filters=("document", "item", "lot"),
    order=("position",),
    scope=LINE_SCOPE,
)
Resource(
    model=models.StockCount,
    fields=(*HEADER, "location"),
    create=services.count_stock,
    filters=(*FILTERS, "location"),
    order=ORDER,
    search=("number",),
    children=(Children("lines", models.StockCountLine, "document"),),
    views=(List(("number", "location", "document_date", "state")),),
    scope=SCOPE,
)
Resource(
    model=models.StockCountLine,
    fields=(*LINE, "expected"),
    filters=("document", "item", "lot"),
    order=("position",),
    scope=LINE_SCOPE,
)
