"""Moves, balances, demands and costs: read here, written by documents."""

from django.utils.translation import gettext_lazy as _
from tessera.api import Action, Children, List, Resource, RowScope

from modules.scm.stock import models, services

VALUE = {"value": "stock.value_view"}

Resource(
    model=models.StockMove,
    fields=(
        "company",
        "item",
        "lot",
        "owner",
        "source",
        "target",
        "quantity",
        "unit",
        "base_quantity",
        "effective_at",
        "posting_date",
        "recorded_at",
        "value",
        "value_basis",
        "document_kind",
        "document",
        "line",
        "returns_move",
    ),
    filters=("company", "item", "lot", "source", "target", "posting_date", "recorded_at", "document", "line", "returns_move"),
    order=("posting_date",),
    views=(List(("posting_date", "item", "base_quantity", "source", "target", "value")),),
    scope=RowScope(company="company"),
    field_rights=VALUE,
    currencies={"value": "company__currency"},
)
Resource(
    model=models.StockBalance,
    fields=("company", "item", "location", "lot", "owner", "on_hand", "hard_reserved"),
    filters=("company", "item", "location", "lot", "owner", "on_hand", "hard_reserved"),
    views=(List(("item", "location", "lot", "on_hand", "hard_reserved")),),
    scope=RowScope(company="company"),
)
Resource(
    model=models.StockDemand,
    fields=(
        "kind",
        "document",
        "line",
        "number",
        "company",
        "party",
        "item",
        "ship_to",
        "requested_date",
        "drop_ship",
        "base_quantity",
        "cancelled_quantity",
        "fulfilled",
        "recorded_at",
    ),
    filters=("document", "line", "number", "company", "party", "item", "requested_date", "drop_ship"),
    search=("number",),
    children=(Children("reservations", models.Reservation, "demand"),),
    actions=(
        Action("reserve", services.reserve_demand, title=_("Reserve"), bulk=True),
        Action("release", services.release_reservation, title=_("Free reserved goods")),
        Action("peg", services.peg_demand, title=_("Promise from a receipt")),
    ),
    views=(List(("number", "party", "item", "base_quantity", "fulfilled", "requested_date")),),
    scope=RowScope(company="company"),
)
Resource(
    model=models.Reservation,
    fields=(
        "demand",
        "kind",
        "item",
        "location",
        "lot",
        "owner",
        "receipt_line",
        "base_quantity",
        "expires_at",
        "reason",
        "reserved_at",
    ),
    filters=("demand", "kind", "item", "location", "lot", "receipt_line", "expires_at"),
    order=("reserved_at", "expires_at"),
    views=(List(("demand", "item", "kind", "location", "base_quantity", "reserved_at")),),
    scope=RowScope(company="demand__company"),
)
Resource(
    model=models.CostPool,
    fields=("company", "item", "scope", "method", "quantity", "value"),
    filters=("company", "item", "method", "quantity"),
    children=(Children("layers", models.CostLayer, "pool"),),
    views=(List(("item", "method", "quantity", "value")),),
    scope=RowScope(company="company"),
    field_rights=VALUE,
    currencies={"value": "company__currency"},
)
Resource(
    model=models.CostLayer,
    fields=("pool", "move", "provisional", "seq", "quantity", "value"),
    filters=("pool", "move", "provisional", "quantity"),
    children=(Children("uses", models.LayerUse, "layer"),),
    scope=RowScope(company="pool__company"),
    field_rights=VALUE,
    currencies={"value": "pool__company__currency"},
)
Resource(
    model=models.LayerUse,
    fields=("layer", "move", "quantity", "value"),
    filters=("layer", "move"),
    scope=RowScope(company="layer__pool__company"),
    field_rights=VALUE,
    currencies={"value": "layer__pool__company__currency"},
)
Resource(
    model=models.ValueAdjustment,
    fields=("company", "move", "amount", "on_hand", "gone", "reason", "effective_date", "recorded_at"),
    filters=("company", "move", "effective_date"),
    children=(Children("parts", models.ValueAdjustmentPart, "adjustment"),),
    views=(List(("effective_date", "move", "amount", "on_hand", "gone", "reason")),),
    scope=RowScope(company="company"),
    currencies=dict.fromkeys(("amount", "on_hand", "gone"), "company__currency"),
)
Resource(
    model=models.ValueAdjustmentPart,
    fields=("adjustment", "pool", "layer", "move", "amount"),
    filters=("adjustment", "pool", "layer", "move"),
    scope=RowScope(company="adjustment__company"),
    currencies={"amount": "adjustment__company__currency"},
)
