"""Open items and how they are settled."""

from django.utils.translation import gettext_lazy as _
from tessera.api import Action, Children, List, Resource, RowScope, Under

from modules.erp.finance import models, services

OPEN_ITEM_FIELDS = (
    "entry_line", "company", "party", "account", "kind", "document_kind", "document", "order", "currency", "amount",
    "residual", "amount_company", "residual_company", "posting_date", "due_date", "blocked", "version",
)  # fmt: skip
OPEN_ITEM_FILTERS = (
    "company", "party", "account", "kind", "document", "order", "currency", "residual", "posting_date", "due_date",
    "blocked",
)  # fmt: skip
ALLOCATION_FIELDS = (
    "debit_item", "credit_item", "date", "currency", "amount", "debit_company", "credit_company", "entry",
    "reverses", "reason", "recorded_at",
)  # fmt: skip

Resource(
    model=models.OpenItem,
    fields=OPEN_ITEM_FIELDS,
    writable=("blocked",),
    update=True,
    filters=OPEN_ITEM_FILTERS,
    order=("due_date", "posting_date", "residual"),
    children=(
        Children("debits", models.Allocation, "debit_item"),
        Children("credits", models.Allocation, "credit_item"),
    ),
    under=(Under("base.Party", "open_items", "party"),),
    actions=(Action("write_off", services.write_off, title=_("Write off")),),
    views=(List(("party", "kind", "due_date", "currency", "amount", "residual")),),
    scope=RowScope(company="company"),
    currencies={
        "amount": "currency",
        "residual": "currency",
        "amount_company": "company__currency",
        "residual_company": "company__currency",
    },
)
Resource(
    model=models.Allocation,
    fields=ALLOCATION_FIELDS,
    create=services.allocate_items,
    filters=("debit_item", "credit_item", "date", "entry", "reverses"),
    order=("date",),
    actions=(Action("undo", services.undo_allocation, title=_("Undo")),),
    scope=RowScope(company="debit_item__company"),
    currencies={
        "amount": "currency",
        "debit_company": "debit_item__company__currency",
        "credit_company": "credit_item__company__currency",
    },
)
