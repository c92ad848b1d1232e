"""Subscriptions as Stripe said they were when it was last asked."""

from django.db import models
from django.utils.translation import gettext_lazy as _
from tessera.fields import AmountField, KeyField, PriceField

from billing.models.customers import Customer


class Subscription(models.Model):
    """A subscription of a customer; `checkout` is the intent to buy that it came from, which makes one and no second.

    `unpaid_since` is when the oldest of its open invoices was first not paid.
    """

    class Status(models.TextChoices):
        INCOMPLETE = "incomplete", _("incomplete")
        INCOMPLETE_EXPIRED = "incomplete_expired", _("never begun")
        TRIALING = "trialing", _("in trial")
        ACTIVE = "active", _("active")
        PAST_DUE = "past_due", _("past due")
        UNPAID = "unpaid", _("unpaid")
        PAUSED = "paused", _("paused")
        CANCELED = "canceled", _("ended")

    OVER = (Status.CANCELED, Status.INCOMPLETE_EXPIRED)

    id = KeyField()
    customer = models.ForeignKey(Customer, verbose_name=_("customer"), on_delete=models.PROTECT, related_name="subscriptions")
    stripe_id = models.CharField(_("key at Stripe"), max_length=255, unique=True)
    status = models.CharField(_("state"), max_length=20, choices=Status.choices)
    currency = models.CharField(_("currency"), max_length=3)
    created = models.DateTimeField(_("made at"))
    trial_end = models.DateTimeField(_("trial until"), null=True)
    cancel_at = models.DateTimeField(_("ends at"), null=True)
    ended_at = models.DateTimeField(_("ended at"), null=True)
    is_paused = models.BooleanField(_("paused"), default=False)
    resumes_at = models.DateTimeField(_("goes on at"), null=True)
    unpaid_since = models.DateTimeField(_("unpaid since"), null=True)
    checkout = models.CharField(_("intent to buy"), max_length=255, blank=True)

    class Meta:
        verbose_name = _("subscription")
        verbose_name_plural = _("subscriptions")
        constraints = [
            models.CheckConstraint(
                condition=models.Q(
                    status__in=[
                        "incomplete",
                        "incomplete_expired",
                        "trialing",
                        "active",
                        "past_due",
                        "unpaid",
                        "paused",
                        "canceled",
                    ]
                ),
                name="billing_subscription_status",
            ),
            models.CheckConstraint(
                condition=~models.Q(status="canceled") | models.Q(ended_at__isnull=False), name="billing_subscription_end"
            ),
            models.UniqueConstraint(
                fields=["customer", "checkout"],
                condition=~models.Q(checkout="") & ~models.Q(status__in=["canceled", "incomplete_expired"]),
                name="billing_subscription_one_a_checkout",
            ),
        ]

    def __str__(self) -> str:
        return self.stripe_id


class SubscriptionDiscount(models.Model):
    """A discount on a subscription, in the order of `place`: a share of each line (`percent`, of 100), or an amount off the whole.

    One that `is_once` is for the next invoice alone; `ends_at` is when one that lasts for months ends. `products` are those it is
    for, as lines name them, empty for all.
    """

    id = KeyField()
    subscription = models.ForeignKey(Subscription, on_delete=models.CASCADE, related_name="discounts")
    stripe_id = models.CharField(max_length=255, unique=True)
    place = models.PositiveSmallIntegerField()
    percent = models.DecimalField(max_digits=7, decimal_places=4, null=True)
    amount = AmountField(null=True)
    is_once = models.BooleanField()
    ends_at = models.DateTimeField(null=True)
    products = models.JSONField(default=list)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(percent=None, amount__isnull=False) | models.Q(percent__isnull=False, amount=None),
                name="billing_discount_is_one_of_two",
            ),
        ]

    def __str__(self) -> str:
        return self.stripe_id


class SubscriptionItem(models.Model):
    """A line of a subscription; `product` is the key in our catalogue, or Stripe's where it is not ours.

    `amount` is what one of it costs every `interval_count` intervals (`day`, `week`, `month`, `year`), null where that depends on
    how many there are.
    """

    id = KeyField()
    subscription = models.ForeignKey(Subscription, on_delete=models.CASCADE, related_name="items")
    stripe_id = models.CharField(max_length=255, unique=True)
    product = models.CharField(max_length=255)
    price = models.CharField(max_length=255)  # Stripe's id: the price that was bought, in force or not
    interval = models.CharField(max_length=5)
    interval_count = models.PositiveSmallIntegerField()
    amount = PriceField(null=True)
    quantity = models.PositiveIntegerField()
    period_start = models.DateTimeField()
    period_end = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.quantity} {self.product}"
