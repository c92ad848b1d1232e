"""The manifest of finance."""

from datetime import date
from typing import Any

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy
from tessera.module import MenuItem, Module, Permission, Role

READING = ("finance.*_view", "base.*_view")
KEEPING = (
    *READING,
    "finance.entry_create",
    "finance.entry_update",
    "finance.entry_delete",
    "finance.invoice_create",
    "finance.invoice_delete",
    "finance.credit_note_create",
    "finance.payment_create",
)
ACCOUNTING = (
    *KEEPING,
    "finance.entry_review",
    "finance.entry_post",
    "finance.entry_reverse",
    "finance.invoice_post",
    "finance.invoice_reverse",
    "finance.payment_post",
    "finance.payment_reverse",
    "finance.allocation_create",
    "finance.allocation_undo",
    "finance.open_item_update",
    "finance.waiting_goods_clear",
)


class Finance(Module):
    """Ledger, receivables and payables; it books what other modules tell."""

    name, label, title, version = "modules.erp.finance", "finance", _("Finance"), "1.0"
    platform = ">=0.1,<1"
    depends = ("base",)
    permissions = (
        Permission("finance.account_book_create", _("Open books")),
        Permission("finance.fiscal_year_create", _("Open fiscal years")),
        Permission("finance.account_update", _("Change accounts")),
        Permission("finance.entry_create", _("Draft entries")),
        Permission("finance.entry_update", _("Change draft entries")),
        Permission("finance.entry_delete", _("Delete draft entries")),
        Permission("finance.entry_review", _("Review entries")),
        Permission("finance.entry_post", _("Post entries")),
        Permission("finance.entry_reverse", _("Reverse entries")),
        Permission("finance.period_close", _("Close periods")),
        Permission("finance.period_reopen", _("Open closed periods again")),
        Permission("finance.period_post_soft", _("Post to softly closed periods")),
        Permission("finance.waiting_goods_clear", _("Give up waiting for bills and invoices")),
        Permission("finance.closing_run", _("Close income and expenses, revalue foreign currency")),
        Permission("finance.invoice_create", _("Draft invoices")),
        Permission("finance.invoice_delete", _("Delete draft invoices")),
        Permission("finance.invoice_post", _("Post invoices")),
        Permission("finance.invoice_reverse", _("Reverse invoices")),
        Permission("finance.credit_note_create", _("Draft credit notes")),
        Permission("finance.payment_create", _("Draft payments")),
        Permission("finance.payment_post", _("Post payments")),
        Permission("finance.payment_reverse", _("Reverse payments")),
        Permission("finance.allocation_create", _("Settle open items")),
        Permission("finance.allocation_undo", _("Undo settlements")),
        Permission("finance.open_item_write_off", _("Write off open items")),
        Permission("finance.report_view", _("See financial reports")),
    )
    roles = {
        "bookkeeper": Role(_("Bookkeeper"), (*KEEPING, "finance.report_view"), reach="company"),
        "accountant": Role(_("Accountant"), ACCOUNTING, reach="company"),
        "chief_accountant": Role(_("Chief accountant"), ("finance.*", "base.*_view")),
    }
    menu = (
        MenuItem(_("Invoices"), "Invoice", "finance.invoice_view"),
        MenuItem(_("Payments"), "Payment", "finance.payment_view"),
        MenuItem(_("Open items"), "OpenItem", "finance.open_item_view"),
        MenuItem(_("Entries"), "Entry", "finance.entry_view"),
        MenuItem(pgettext_lazy("accounting", "Accounts"), "Account", "finance.account_view"),
        MenuItem(_("Periods"), "FiscalPeriod", "finance.fiscal_period_view"),
    )

    def on_enable(self, tenant: Any) -> None:
        """Open the books of companies that have none, and book what stock is worth beyond what they say."""
        from modules.erp.finance.services.cut_over import cut_over

        cut_over()

    def purgeable_from(self, tenant: Any) -> date | None:
        """Return the day from which no book's entries have to be kept any more."""
        from modules.erp.finance.selectors.retention import books_free_from

        return books_free_from()
