"""Partners, their ledger, their statements and payouts; paying them is an operator's command."""

from django.contrib import admin
from tessera.accounts.operators.site import Shown, site

from billing.admin.amounts import amount_of
from billing.models import Partner, PartnerLine, PartnerPerson, PartnerStatement, Payout


@admin.register(Partner, site=site)
class PartnerAdmin(Shown):
    """Who the partners are, and whether they are paid."""

    list_display = ("vendor", "standing", "account", "country", "held_why", "created_at")
    search_fields = ("vendor", "email", "account")
    ordering = ("vendor",)
    fields = ("vendor", "standing", "email", "country", "account", "takes_transfers", "held_why", "created_at")


@admin.register(PartnerPerson, site=site)
class PartnerPersonAdmin(Shown):
    """Who sees a partner's money."""

    list_display = ("email", "partner", "added_at")
    list_filter = ("partner",)
    list_select_related = ("partner",)
    search_fields = ("email", "partner__vendor")
    ordering = ("partner__vendor", "email")
    fields = ("partner", "email", "added_at")


@admin.register(PartnerLine, site=site)
class PartnerLineAdmin(Shown):
    """What is theirs of paid invoices, and what was taken back."""

    amounts = tuple(amount_of(PartnerLine, name) for name in ("gross", "share", "net"))
    list_display = ("occurred_at", "partner", "kind", "what", "invoice", *amounts)
    list_filter = ("kind", "partner", "currency")
    list_select_related = ("partner", "invoice")
    search_fields = ("source", "invoice__stripe_id", "product", "module")
    ordering = ("-occurred_at", "-id")
    fields = (
        *("partner", "kind", "invoice", "source", "serial", "sale", "what", *amounts),
        *("basis_points", "taken", "occurred_at", "booked_at"),
    )


@admin.register(PartnerStatement, site=site)
class PartnerStatementAdmin(Shown):
    """Closed months."""

    opening, *rest = (amount_of(PartnerStatement, name) for name in ("opening", "gross", "share", "net", "closing", "due"))
    list_display = ("month", "partner", "currency", opening, "line_count", *rest)
    list_filter = ("partner", "currency")
    list_select_related = ("partner",)
    ordering = ("-month", "partner__vendor", "currency")
    fields = ("partner", "month", "currency", opening, "line_count", *rest, "closed_at")


@admin.register(Payout, site=site)
class PayoutAdmin(Shown):
    """What is due by statements, and why it waits."""

    amount = amount_of(Payout, "amount", currency="statement.currency")
    list_display = ("statement", "state", amount, "transfer", "why", "paid_at")
    list_filter = ("state",)
    list_select_related = ("statement__partner",)
    search_fields = ("transfer", "statement__partner__vendor")
    ordering = ("-statement__month", "-id")
    fields = ("statement", "state", amount, "transfer", "refusals", "why", "paid_at")
