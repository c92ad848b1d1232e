"""Customers, their subscriptions and invoices, and what they had us tell Stripe."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy
from tessera.accounts.operators.site import Shown, site
from tessera.wording import listed

from billing.admin.amounts import amount_of
from billing.catalogue.offers import Kind
from billing.catalogue.selectors import catalogue
from billing.models import Checkout, Customer, Instruction, Invoice, Subscription

INTERVALS = {"month": pgettext_lazy("each", "month"), "year": pgettext_lazy("each", "year")}


def every(interval: str, count: int) -> str:
    """Return a rhythm of Stripe's in short: `month`, `3 month`."""
    named = str(INTERVALS.get(interval, interval))
    return named if count == 1 else f"{count} {named}"


class _OfCustomer(Shown):
    """Rows of a customer; the company comes with the statement of the list."""

    list_select_related: Any = ("customer__tenant",)
    search_fields: Any = ("customer__stripe_id", "customer__tenant__slug", "customer__tenant__name")

    @admin.display(description=_("company"), ordering="customer__tenant__name")
    def company(self, row: Any) -> str:
        return str(row.customer.tenant)


@admin.register(Customer, site=site)
class CustomerAdmin(Shown):
    """Customers at Stripe."""

    list_display = ("stripe_id", "tenant", "email", "livemode", "known_at", "created_at")
    list_display_links = ("stripe_id", "tenant")
    list_filter = ("livemode",)
    list_select_related = ("tenant",)
    search_fields = ("stripe_id", "email", "tenant__slug", "tenant__name")
    ordering = ("-created_at",)
    fields = ("tenant", "stripe_id", "livemode", "name", "email", "asked", "folded", "folded_at", "known_at", "created_at")


@admin.register(Subscription, site=site)
class SubscriptionAdmin(_OfCustomer):
    """Subscriptions as Stripe said they were."""

    list_display = ("stripe_id", "company", "status", "what", "currency", "created", "cancel_at", "unpaid_since")
    list_filter = ("status", "currency", "is_paused")
    search_fields = ("stripe_id", *_OfCustomer.search_fields)
    ordering = ("-created",)
    fields = (
        *("company", "stripe_id", "status", "what", "reductions", "currency", "created", "trial_end", "cancel_at", "ended_at"),
        *("is_paused", "resumes_at", "unpaid_since", "checkout"),
    )

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).prefetch_related("items", "discounts")

    @admin.display(description=_("what"))
    def what(self, row: Subscription) -> str:
        """Return what is bought, without the meters that come with every plan and count nothing beforehand."""
        offers = catalogue().by_key
        lines = [item for item in row.items.all() if not item.product.startswith(f"{Kind.METER}.")]
        lines.sort(key=lambda item: item.product)
        named = ((item, offers[item.product].title if item.product in offers else item.product) for item in lines)
        return listed(f"{item.quantity} × {title} / {every(item.interval, item.interval_count)}" for item, title in named)

    @admin.display(description=_("discounts"))
    def reductions(self, row: Subscription) -> str:
        found = sorted(row.discounts.all(), key=lambda each: each.place)
        told = (f"{each.percent.normalize():f} %" if each.percent is not None else f"{each.amount}" for each in found)
        return listed(told) or str(_("none"))


@admin.register(Invoice, site=site)
class InvoiceAdmin(_OfCustomer):
    """Invoices, as far as they are kept here."""

    amounts = (amount_of(Invoice, "total"), amount_of(Invoice, "remaining"))
    list_display = ("stripe_id", "number", "company", "status", *amounts, "created", "unpaid_since")
    list_filter = ("status", "currency")
    search_fields = ("stripe_id", "number", *_OfCustomer.search_fields)
    ordering = ("-created",)
    fields = (
        *("company", "stripe_id", "number", "subscription", "status", *amounts, "created"),
        "unpaid_since",
    )


@admin.register(Checkout, site=site)
class CheckoutAdmin(_OfCustomer):
    """Intents to buy."""

    list_display = ("id", "company", "state", "asked_by", "created_at")
    list_filter = ("state",)
    search_fields = ("session", *_OfCustomer.search_fields)
    ordering = ("-created_at",)
    fields = ("company", "state", "asked_by", "asked", "session", "created_at")


@admin.register(Instruction, site=site)
class InstructionAdmin(_OfCustomer):
    """What companies had us tell Stripe."""

    list_display = ("id", "company", "act", "state", "asked_by", "created_at", "ended_at", "why")
    list_filter = ("state", "act")
    ordering = ("-created_at",)
    fields = ("company", "act", "subject", "state", "why", "asked_by", "created_at", "ended_at")
