"""Invoices and disputes, as far as they decide anything here; Stripe keeps the whole."""

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy
from tessera.fields import AmountField, KeyField

from billing.models.customers import Customer


class Invoice(models.Model):
    """An invoice to a customer; `subscription` is Stripe's key, empty for one that is of none.

    `unpaid_since` is when it was first not paid: the first try that failed, or the day it was due; null as long as it may wait.
    """

    class Status(models.TextChoices):
        DRAFT = "draft", _("draft")
        OPEN = "open", pgettext_lazy("invoice", "open")
        PAID = "paid", _("paid")
        UNCOLLECTIBLE = "uncollectible", _("uncollectible")
        VOID = "void", _("void")

    id = KeyField()
    customer = models.ForeignKey(Customer, verbose_name=_("customer"), on_delete=models.PROTECT, related_name="invoices")
    stripe_id = models.CharField(_("key at Stripe"), max_length=255, unique=True)
    subscription = models.CharField(_("subscription"), max_length=255, blank=True, db_index=True)
    number = models.CharField(_("number"), max_length=100, blank=True)
    status = models.CharField(_("state"), max_length=13, choices=Status.choices)
    currency = models.CharField(_("currency"), max_length=3)
    total = AmountField(_("total"))
    remaining = AmountField(_("still to pay"))
    created = models.DateTimeField(_("made at"))
    unpaid_since = models.DateTimeField(_("unpaid since"), null=True)

    class Meta:
        verbose_name = _("bill of a company")
        verbose_name_plural = _("bills of companies")
        constraints = [
            models.CheckConstraint(
                condition=models.Q(status__in=["draft", "open", "paid", "uncollectible", "void"]), name="billing_invoice_status"
            ),
            models.CheckConstraint(
                condition=models.Q(unpaid_since=None) | models.Q(status__in=["open", "uncollectible"]),
                name="billing_invoice_unpaid_is_open",
            ),
        ]

    def __str__(self) -> str:
        return self.number or self.stripe_id


class Dispute(models.Model):
    """A payment of a customer that its bank takes back, or may."""

    id = KeyField()
    customer = models.ForeignKey(Customer, on_delete=models.PROTECT, related_name="disputes")
    stripe_id = models.CharField(max_length=255, unique=True)
    status = models.CharField(max_length=30)
    is_open = models.BooleanField()
    created = models.DateTimeField()

    def __str__(self) -> str:
        return self.stripe_id
