"""Invoices and payments."""

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy
from tessera.api import Action, Children, Computed, Form, List, Resource, RowScope, Under

from modules.erp.finance import models, selectors, services

OWNED = RowScope(owner="owner", unit="org_unit", company="company")
OF_INVOICE = RowScope(owner="document__owner", unit="document__org_unit", company="document__company")

INVOICE_FIELDS = (
    "company", "direction", "kind", "number", "state", "document_date", "posting_date", "tax_point_date", "currency",
    "rate", "rate_date", "rate_source", "price_includes_tax", "party", "bill_to", "payment_term", "party_snapshot",
    "reference", "owner", "org_unit", "reason", "net_total", "tax_total", "gross_total", "note", "corrects",
    "source_kind", "source", "version", "created_at", "updated_at",
)  # fmt: skip
INVOICE_FILTERS = (
    "company", "direction", "kind", "number", "state", "document_date", "posting_date", "party", "owner", "currency",
    "gross_total", "corrects", "source", "reference",
)  # fmt: skip
INVOICE_LINE_FIELDS = (
    "document", "position", "kind", "item", "description", "quantity", "unit", "base_quantity", "unit_price",
    "discount", "net", "gross", "source_kind", "source_document", "source_line", "receipt_document", "receipt_line",
    "corrects", "account", "version",
)  # fmt: skip
PAYMENT_FIELDS = (
    "company", "number", "state", "direction", "side", "party", "account", "posting_date", "document_date",
    "currency", "amount", "rate", "reference", "order", "owner", "note", "reason", "version", "created_at",
    "updated_at",
)  # fmt: skip

Resource(
    model=models.Invoice,
    fields=INVOICE_FIELDS,
    create=services.create_invoice,
    delete=services.delete_invoice,
    filters=INVOICE_FILTERS,
    order=("document_date", "number"),
    search=("number", "reference"),
    computed=(
        Computed("open_amount", selectors.open_amounts, title=pgettext_lazy("amount", "open")),
        Computed("due_date", selectors.due_dates, title=_("due")),
        Computed("payment_state", selectors.payment_states, title=pgettext_lazy("invoice", "paid")),
    ),
    children=(
        Children("lines", models.InvoiceLine, "document"),
        Children("taxes", models.InvoiceTax, "document"),
        Children("corrected_by", models.Invoice, "corrects"),
        Children("open_items", models.OpenItem, "document"),
    ),
    under=(Under("base.Party", "invoices", "party"), Under("orders.SalesOrder", "invoices", "source")),
    actions=(
        Action("create_for", services.create_invoice_for, title=_("Invoice an order")),
        Action("post", services.post_invoice, title=_("Post"), states=("draft",), bulk=True),
        Action("credit", services.credit_invoice, title=_("Credit"), states=("posted",)),
        Action("reverse", services.reverse_invoice, title=_("Reverse"), states=("posted",)),
    ),
    views=(
        List(("number", "direction", "kind", "party", "state", "document_date", "gross_total", "open_amount", "due_date")),
        Form(
            (
                (_("Invoice"), ("party", "direction", "kind", "document_date", "payment_term", "reference")),
                (_("Notes"), ("note",)),
            )
        ),
    ),
    scope=OWNED,
    currencies=dict.fromkeys(("net_total", "tax_total", "gross_total"), "currency"),
)
Resource(
    model=models.InvoiceLine,
    fields=INVOICE_LINE_FIELDS,
    filters=("document", "kind", "item", "net", "source_document", "source_line", "receipt_line", "corrects"),
    order=("position",),
    search=("description",),
    children=(Children("taxes", models.InvoiceTax, "line"),),
    scope=OF_INVOICE,
    currencies=dict.fromkeys(("unit_price", "net", "gross"), "document__currency"),
)
Resource(
    model=models.InvoiceTax,
    plural="InvoiceTaxes",
    fields=("document", "line", "tax", "rate", "included", "recoverable", "base", "amount", "base_company", "amount_company"),
    filters=("document", "line", "tax"),
    scope=OF_INVOICE,
    currencies={
        "base": "document__currency",
        "amount": "document__currency",
        "base_company": "document__company__currency",
        "amount_company": "document__company__currency",
    },
)
Resource(
    model=models.Payment,
    fields=PAYMENT_FIELDS,
    create=services.create_payment,
    filters=("company", "number", "state", "direction", "side", "party", "posting_date", "currency", "amount", "order"),
    order=("posting_date", "number", "amount", "created_at"),
    search=("number", "reference"),
    children=(Children("open_items", models.OpenItem, "document"),),
    under=(Under("base.Party", "payments", "party"), Under("orders.SalesOrder", "payments", "order")),
    actions=(
        Action("post", services.post_payment, title=_("Post"), states=("draft",)),
        Action("reverse", services.reverse_payment, title=pgettext_lazy("payment", "Take back"), states=("posted",)),
    ),
    views=(
        List(("number", "direction", "party", "state", "posting_date", "amount", "currency")),
        Form(((_("Payment"), ("party", "direction", "side", "amount", "currency", "posting_date", "reference")),)),
    ),
    scope=RowScope(owner="owner", company="company"),
    currencies={"amount": "currency"},
)
