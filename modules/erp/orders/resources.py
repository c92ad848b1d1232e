"""What orders show and offer."""

from django.utils.translation import gettext_lazy as _
from tessera.api import Action, Children, Computed, Form, Importer, List, Report, Resource, RowScope, Under

from modules.erp.orders import models, selectors, services
from modules.erp.orders.services import imports

HEADER = (
    "company", "number", "revision", "state", "document_date", "currency", "rate", "rate_date", "rate_source",
    "price_includes_tax", "party", "bill_to", "ship_to", "contact", "payment_term", "party_snapshot", "reference", "owner",
    "org_unit", "origin", "external_id", "reason", "net_total", "tax_total", "gross_total", "note", "version", "created_at",
    "updated_at",
)  # fmt: skip
HEADER_FILTERS = (
    "company", "number", "state", "document_date", "party", "owner", "org_unit", "origin", "external_id", "reference",
    "gross_total", "net_total", "currency",
)  # fmt: skip
HEADER_ORDER = ("document_date", "number", "gross_total")
LINE = (
    "document", "position", "kind", "item", "description", "quantity", "unit", "base_quantity", "unit_price", "price_trace",
    "discount", "net", "gross", "requested_date", "promised_date", "fulfilment", "invoicing", "over_tolerance",
    "under_tolerance", "cancelled_quantity", "version",
)  # fmt: skip
LINE_FILTERS = ("document", "kind", "item", "quantity", "base_quantity", "net", "fulfilment", "requested_date")
TAX = ("document", "line", "tax", "rate", "included", "recoverable", "base", "amount", "base_company", "amount_company")
SCOPE = RowScope(owner="owner", unit="org_unit", company="company")
LINE_SCOPE = RowScope(owner="document__owner", unit="document__org_unit", company="document__company")
PRICE_RIGHTS = {"price_trace": "orders.price_trace_view"}
TERMS = (_("Terms"), ("currency", "price_includes_tax", "payment_term", "bill_to", "ship_to"))

Resource(
    model=models.Quote,
    fields=(*HEADER, "valid_until", "opportunity", "sent_at"),
    create=services.create_quote,
    update=services.update_quote,
    filters=(*HEADER_FILTERS, "valid_until", "opportunity"),
    order=HEADER_ORDER,
    search=("number", "reference", "external_id"),
    children=(
        Children("lines", models.QuoteLine, "document"),
        Children("taxes", models.QuoteTax, "document"),
        Children("orders", models.SalesOrder, "quote"),
    ),
    under=(Under("base.Party", "quotes", "party"), Under("sales.Opportunity", "quotes", "opportunity")),
    actions=(
        Action("send", services.send_quote, title=_("Send"), states=("draft",)),
        Action("accept", services.accept_quote, title=_("Accepted"), states=("sent",)),
        Action("reject", services.reject_quote, title=_("Rejected"), states=("sent",)),
    ),
    views=(
        List(("number", "party", "state", "document_date", "valid_until", "gross_total", "owner")),
        Form(((_("Quote"), ("party", "contact", "document_date", "valid_until", "reference")), TERMS, (_("Notes"), ("note",)))),
    ),
    scope=SCOPE,
    currencies=dict.fromkeys(("net_total", "tax_total", "gross_total"), "currency"),
)
Resource(
    model=models.QuoteLine,
    fields=LINE,
    filters=LINE_FILTERS,
    order=("position",),
    search=("description",),
    children=(Children("taxes", models.QuoteTax, "line"),),
    scope=LINE_SCOPE,
    field_rights=PRICE_RIGHTS,
    currencies=dict.fromkeys(("unit_price", "net", "gross"), "document__currency"),
)
Resource(
    model=models.QuoteTax,
    plural="QuoteTaxes",
    fields=TAX,
    filters=("document", "line", "tax"),
    scope=LINE_SCOPE,
    currencies={
        "base": "document__currency",
        "amount": "document__currency",
        "base_company": "document__company__currency",
        "amount_company": "document__company__currency",
    },
)
Resource(
    model=models.SalesOrder,
    fields=(*HEADER, "quote", "quote_revision", "history", "delivered_at"),
    create=services.create_sales_order,
    update=services.update_sales_order,
    filters=(*HEADER_FILTERS, "quote", "history", "delivered_at"),
    order=HEADER_ORDER,
    search=("number", "reference", "external_id"),
    computed=(
        Computed("percent_delivered", selectors.percents_delivered, title=_("delivered, %")),
        Computed("percent_invoiced", selectors.percents_invoiced, title=_("invoiced, %")),
    ),
    children=(
        Children("lines", models.SalesOrderLine, "document"),
        Children("taxes", models.SalesOrderTax, "document"),
    ),
    under=(Under("base.Party", "sales_orders", "party"),),
    actions=(
        Action("confirm", services.confirm_sales_order, title=_("Confirm"), states=("draft",), bulk=True),
        Action("short_close", services.short_close_sales_order, title=_("Short-close"), states=("confirmed",)),
        Action("cancel", services.cancel_sales_order, title=_("Cancel"), states=("draft", "confirmed")),
        Action("close", services.close_sales_order, title=_("Close"), states=("confirmed",)),
        Action("import", services.import_sales_order, title=_("Bring in history")),
    ),
    views=(
        List(("number", "party", "state", "document_date", "percent_delivered", "percent_invoiced", "gross_total", "owner")),
        Form(((_("Sales order"), ("party", "contact", "document_date", "reference")), TERMS, (_("Notes"), ("note",)))),
    ),
    scope=SCOPE,
    currencies=dict.fromkeys(("net_total", "tax_total", "gross_total"), "currency"),
)
Resource(
    model=models.SalesOrderLine,
    fields=LINE,
    filters=LINE_FILTERS,
    order=("position", "requested_date"),
    search=("description",),
    computed=(
        Computed("delivered_quantity", selectors.delivered_quantities, title=_("delivered")),
        Computed("invoiced_quantity", selectors.invoiced_quantities, title=_("invoiced")),
        Computed("reserved_quantity", selectors.reserved_of_lines, title=_("reserved")),
        Computed("backordered_quantity", selectors.backordered_quantities, title=_("backordered")),
    ),
    children=(Children("taxes", models.SalesOrderTax, "line"),),
    scope=LINE_SCOPE,
    field_rights=PRICE_RIGHTS,
    currencies=dict.fromkeys(("unit_price", "net", "gross"), "document__currency"),
)
Resource(
    model=models.SalesOrderTax,
    plural="SalesOrderTaxes",
    fields=TAX,
    filters=("document", "line", "tax"),
    scope=LINE_SCOPE,
    currencies={
        "base": "document__currency",
        "amount": "document__currency",
        "base_company": "document__company__currency",
        "amount_company": "document__company__currency",
    },
)
Report(name="short_close_preview", selector=selectors.short_close_preview, permission="orders.sales_order_short_close")
Importer("sales_orders", row=imports.OrderRow, service=imports.import_orders, permission="orders.sales_order_import", at_once=200)
