"""The customer at Stripe that pays for a tenant."""

from django.db import models
from django.utils.translation import gettext_lazy as _
from tessera.fields import KeyField

from tenants.models import Tenant


class Customer(models.Model):
    """A tenant's customer at Stripe: one a tenant, one tenant a customer; `stripe_id` is null until Stripe has answered.

    Each asking takes the next number from `asked`, before it asks; `folded` is the number of the asking whose answer is kept
    here, `folded_at` when that one began, by the database's clock, and `known_at` the same by that of whoever asked. An answer to
    an older asking is dropped, so news never goes back.
    """

    id = KeyField()
    tenant = models.OneToOneField(Tenant, verbose_name=_("company"), on_delete=models.PROTECT, related_name="customer")
    stripe_id = models.CharField(_("key at Stripe"), max_length=255, unique=True, null=True)
    livemode = models.BooleanField(_("real money"))
    name = models.CharField(_("name"), max_length=200)  # with which it is made, the address too: a second call must say the same
    email = models.EmailField(_("e-mail"))
    asked = models.PositiveBigIntegerField(_("askings"), default=0)
    folded = models.PositiveBigIntegerField(_("last asking kept"), default=0)
    folded_at = models.DateTimeField(_("asked at, by the database"), null=True)
    known_at = models.DateTimeField(_("last asked at"), null=True)
    created_at = models.DateTimeField(_("made at"), auto_now_add=True)

    class Meta:
        verbose_name = _("customer")
        verbose_name_plural = _("customers")
        constraints = [
            models.CheckConstraint(condition=models.Q(stripe_id__startswith="cus_"), name="billing_customer_key"),
            models.CheckConstraint(condition=models.Q(folded__lte=models.F("asked")), name="billing_customer_folded_was_asked"),
            models.CheckConstraint(
                condition=models.Q(folded=0, folded_at=None, known_at=None)
                | models.Q(folded__gt=0, folded_at__isnull=False, known_at__isnull=False),
                name="billing_customer_folded_has_its_moment",
            ),
        ]

    def __str__(self) -> str:
        return self.stripe_id or str(self.pk)
