"""Books, accounts, periods and entries."""

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy
from tessera.api import Action, Children, Form, List, Resource, RowScope, Under

from modules.erp.finance import models, services

OF_BOOK = RowScope(company="book__company")
OF_COMPANY = RowScope(company="company")

ACCOUNT_FIELDS = (
    "book", "parent", "code", "name", "type", "control", "group", "cash", "requires_party", "requires_quantity",
    "requires_dimensions", "currency", "active", "version",
)  # fmt: skip
ACCOUNT_WRITABLE = (
    "book", "parent", "code", "name", "type", "group", "cash", "requires_party", "requires_quantity", "currency",
    "active",
)  # fmt: skip
ENTRY_FIELDS = (
    "book", "company", "journal", "period", "state", "kind", "word", "number", "posting_date", "document_date",
    "summary", "source_kind", "source_id", "purpose", "reverses", "attachments_count", "prepared_by", "reviewed_by",
    "posted_by", "seq", "prev_hash", "recorded_at",
)  # fmt: skip
ENTRY_FILTERS = (
    "book", "company", "journal", "period", "state", "kind", "word", "number", "posting_date", "source_kind",
    "source_id", "purpose", "reverses",
)  # fmt: skip
ENTRY_LINE_FIELDS = (
    "entry", "position", "account", "purpose", "side", "amount", "currency", "amount_currency", "rate", "party",
    "item", "quantity", "dimension_set", "summary", "due_date", "source_line",
)  # fmt: skip
TAX_LINE_FIELDS = (
    "entry", "tax", "rate", "included", "recoverable", "currency", "base", "amount", "base_company",
    "amount_company", "tax_point_date", "period", "document_line",
)  # fmt: skip

Resource(
    model=models.Book,
    name="AccountBook",
    fields=("company", "code", "name", "currency", "chart", "leading", "review", "cut_over", "version"),
    writable=("name", "review"),
    create=services.setup_books,
    update=True,
    filters=("company", "code", "leading"),
    order=("code",),
    children=(
        Children("accounts", models.Account, "book"),
        Children("account_map", models.AccountMap, "book"),
        Children("journals", models.Journal, "book"),
        Children("entries", models.Entry, "book"),
    ),
    actions=(Action("clear_waiting_goods", services.clear_waiting_goods, title=_("Give up waiting goods")),),
    scope=OF_COMPANY,
)
Resource(
    model=models.Account,
    fields=ACCOUNT_FIELDS,
    writable=ACCOUNT_WRITABLE,
    create=True,
    update=True,
    filters=("book", "parent", "code", "type", "control", "group", "cash", "active"),
    order=("code",),
    search=("code", "name"),
    children=(Children("children", models.Account, "parent"), Children("dimensions", models.AccountDimension, "account")),
    actions=(Action("require_dimensions", services.require_dimensions, title=_("Require dimensions")),),
    views=(
        List(("code", "name", "type", "control", "active")),
        Form(((pgettext_lazy("accounting", "Account"), ("book", "code", "name", "type", "parent", "group", "cash", "active")),)),
    ),
    scope=OF_BOOK,
    import_key=("code",),
)
Resource(
    model=models.AccountDimension,
    fields=("account", "dimension", "version"),
    filters=("account", "dimension"),
    scope=RowScope(company="account__book__company"),
)
Resource(
    model=models.AccountMap,
    fields=("book", "purpose", "item", "item_category", "warehouse", "party_group", "tax", "account", "version"),
    writable=("book", "purpose", "item", "item_category", "warehouse", "party_group", "tax", "account"),
    create=True,
    update=True,
    delete=True,
    filters=("book", "purpose", "item", "item_category", "warehouse", "party_group", "tax", "account"),
    order=("purpose",),
    scope=OF_BOOK,
)
Resource(
    model=models.Journal,
    fields=("book", "code", "name", "area", "word", "series", "pattern", "version"),
    writable=("name",),
    update=True,
    filters=("book", "code", "area"),
    order=("code",),
    scope=OF_BOOK,
)
Resource(
    model=models.FiscalYear,
    fields=("company", "code", "start", "end", "version"),
    create=services.open_fiscal_year,
    filters=("company", "code", "start", "end"),
    order=("start",),
    children=(Children("periods", models.FiscalPeriod, "year"),),
    scope=OF_COMPANY,
)
Resource(
    model=models.FiscalPeriod,
    fields=("company", "year", "number", "start", "end", "adjusting", "version"),
    filters=("company", "year", "number", "start", "end", "adjusting"),
    order=("start", "number"),
    children=(Children("locks", models.PeriodLock, "period"),),
    actions=(
        Action("close", services.close_period, title=pgettext_lazy("period", "Close")),
        Action("reopen", services.reopen_period, title=_("Open again")),
        Action("close_income", services.close_income, title=_("Close income and expenses")),
        Action("revalue_currency", services.revalue_currency, title=_("Revalue foreign currency")),
    ),
    views=(List(("year", "number", "start", "end", "adjusting")),),
    scope=OF_COMPANY,
)
Resource(
    model=models.PeriodLock,
    fields=("period", "area", "state", "version", "updated_at"),
    filters=("period", "area", "state"),
    order=("area",),
    scope=RowScope(company="period__company"),
)
Resource(
    model=models.Entry,
    plural="Entries",
    fields=ENTRY_FIELDS,
    create=services.draft_entry,
    update=services.change_entry,
    delete=services.delete_entry,
    filters=ENTRY_FILTERS,
    order=("posting_date", "number"),
    search=("number", "summary"),
    children=(
        Children("lines", models.EntryLine, "entry"),
        Children("tax_lines", models.TaxLine, "entry"),
        Children("reversed_by", models.Entry, "reverses"),
    ),
    actions=(
        Action("review", services.review_entry, title=_("Review"), states=("draft",), bulk=True),
        Action("return", services.return_entry, title=_("Give back"), states=("reviewed",)),
        Action("post", services.post_entry, title=_("Post"), states=("draft", "reviewed"), bulk=True),
        Action("reverse", services.reverse_entry, title=_("Reverse"), states=("posted",)),
    ),
    views=(
        List(("number", "posting_date", "journal", "kind", "state", "summary")),
        Form(((_("Entry"), ("book", "journal", "posting_date", "document_date", "kind", "summary")),)),
    ),
    scope=OF_COMPANY,
)
Resource(
    model=models.EntryLine,
    fields=ENTRY_LINE_FIELDS,
    filters=("entry", "account", "purpose", "side", "amount", "currency", "party", "item", "dimension_set", "source_line"),
    order=("position",),
    search=("summary",),
    under=(Under("base.Party", "entry_lines", "party"),),
    scope=RowScope(company="entry__company"),
    currencies={"amount": "entry__book__currency", "amount_currency": "currency"},
)
Resource(
    model=models.TaxLine,
    fields=TAX_LINE_FIELDS,
    filters=("entry", "tax", "rate", "tax_point_date", "period", "document_line"),
    order=("tax_point_date",),
    scope=RowScope(company="entry__company"),
    currencies={
        "base": "currency",
        "amount": "currency",
        "base_company": "entry__company__currency",
        "amount_company": "entry__company__currency",
    },
)
