"""Partners, and the ledger of what is theirs: a line for each paid line of an invoice, and one for whatever is given back of it."""

from django.contrib import admin
from django.db import models
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy
from tessera.fields import AmountField, KeyField


class Partner(models.Model):
    """A partner whose modules are sold, by the vendor prefix of the catalogue, which has the terms.

    `account` is its account at Stripe, null before it has one, and `takes_transfers` what Stripe says of it. `held_why` is why an
    operator has stopped its payouts, empty where nobody has.
    """

    class Standing(models.TextChoices):
        NEW = "new", _("has no account")
        ONBOARDING = "onboarding", _("tells Stripe who they are")
        ACTIVE = "active", _("is paid")
        HELD = "held", _("is not paid for now")

    id = KeyField()
    vendor = models.CharField(_("vendor"), max_length=20, unique=True)
    email = models.EmailField(_("e-mail"), blank=True)
    country = models.CharField(_("country"), max_length=2, blank=True)
    account = models.CharField(_("account at Stripe"), max_length=255, unique=True, null=True)
    takes_transfers = models.BooleanField(_("takes transfers"), default=False)
    held_why = models.CharField(_("held because"), max_length=300, blank=True)
    created_at = models.DateTimeField(_("made at"), auto_now_add=True)

    class Meta:
        verbose_name = _("partner")
        verbose_name_plural = _("partners")
        constraints = [
            models.CheckConstraint(condition=models.Q(vendor__regex=r"^[a-z][a-z0-9]{1,19}$"), name="billing_partner_vendor"),
            models.CheckConstraint(condition=models.Q(account__startswith="acct_"), name="billing_partner_account"),
            models.CheckConstraint(
                condition=models.Q(takes_transfers=False) | models.Q(account__isnull=False),
                name="billing_partner_takes_by_account",
            ),
        ]

    def __str__(self) -> str:
        return self.vendor

    @property
    @admin.display(description=_("standing"))
    def standing(self) -> Standing:
        """Return how the partner stands."""
        if self.held_why:
            return self.Standing.HELD
        if self.takes_transfers:
            return self.Standing.ACTIVE
        return self.Standing.ONBOARDING if self.account else self.Standing.NEW


class PartnerPerson(models.Model):
    """Somebody who sees a partner's money on the accounts host: whoever has shown to read this address, which is in small letters."""

    id = KeyField()
    partner = models.ForeignKey(Partner, verbose_name=_("partner"), on_delete=models.CASCADE, related_name="people")
    email = models.EmailField(_("e-mail"))
    added_at = models.DateTimeField(_("made at"), auto_now_add=True)

    class Meta:
        verbose_name = _("person of a partner")
        verbose_name_plural = _("people of partners")
        constraints = [
            models.UniqueConstraint(fields=["email", "partner"], name="billing_partner_person_once"),
            models.CheckConstraint(condition=models.Q(email=Lower("email")), name="billing_partner_person_in_small_letters"),
        ]

    def __str__(self) -> str:
        return self.email


class SharedInvoice(models.Model):
    """A paid invoice that was looked at for what of it is partners', which may be nothing.

    `base` is what its lines above nothing come to, with tax: what is given back of the invoice is given back of these. `asked` and
    `folded` are as those of `Customer`: the answer to an older asking is dropped.
    """

    id = KeyField()
    stripe_id = models.CharField(_("key at Stripe"), max_length=255, unique=True)
    base = AmountField(default=0)
    paid_at = models.DateTimeField(_("paid at"), null=True)
    asked = models.PositiveBigIntegerField(default=0)
    folded = models.PositiveBigIntegerField(default=0)
    folded_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("shared invoice")
        verbose_name_plural = _("shared invoices")
        constraints = [
            models.CheckConstraint(condition=models.Q(folded__lte=models.F("asked")), name="billing_shared_folded_was_asked"),
            models.CheckConstraint(
                condition=models.Q(folded=0, folded_at=None, paid_at=None)
                | models.Q(folded__gt=0, folded_at__isnull=False, paid_at__isnull=False),
                name="billing_shared_folded_is_paid",
            ),
            models.CheckConstraint(condition=models.Q(base__gte=0), name="billing_shared_base"),
        ]

    def __str__(self) -> str:
        return self.stripe_id


class PartnerLine(models.Model):
    """A line of a partner's ledger, which never changes: `gross` without tax is the platform's `share` and the partner's `net`.

    A sale is a paid line of an invoice (`source`), below nothing where a part of a period was given back. Whatever else is about
    one sale, and accounts for `taken` of its source's amount: a refund, a credit note or a dispute (`source`), once more with the
    other sign where that came to nothing after all. `serial` counts the lines of one source about one sale. `module` is what of the
    product is the partner's, empty for all of it.
    """

    class Kind(models.TextChoices):
        SALE = "sale", _("sale")
        REFUND = "refund", _("refund")
        CREDIT = "credit", pgettext_lazy("partner", "credit note")
        DISPUTE = "dispute", _("dispute")

    id = KeyField()
    partner = models.ForeignKey(Partner, verbose_name=_("partner"), on_delete=models.PROTECT, related_name="lines")
    invoice = models.ForeignKey(
        SharedInvoice, verbose_name=pgettext_lazy("partner", "invoice"), on_delete=models.PROTECT, related_name="lines"
    )
    kind = models.CharField(_("kind"), max_length=7, choices=Kind.choices)
    source = models.CharField(_("source"), max_length=255)
    sale = models.ForeignKey("self", verbose_name=_("sale"), on_delete=models.PROTECT, null=True, related_name="reversals")
    serial = models.PositiveIntegerField(_("place"), default=1)
    product = models.CharField(_("product"), max_length=255)
    module = models.CharField(_("module"), max_length=255, blank=True)
    currency = models.CharField(_("currency"), max_length=3)
    gross = AmountField(pgettext_lazy("partner", "gross"))
    share = AmountField(_("share of the platform"))
    net = AmountField(pgettext_lazy("partner", "net"))
    basis_points = models.PositiveIntegerField(_("basis points"))
    taken = AmountField(_("given back"), default=0)
    occurred_at = models.DateTimeField(_("occurred at"))
    booked_at = models.DateTimeField(_("booked at"), auto_now_add=True)

    class Meta:
        verbose_name = _("line of a partner")
        verbose_name_plural = _("lines of partners")
        constraints = [
            models.UniqueConstraint(
                fields=["source", "module", "sale", "serial"], nulls_distinct=False, name="billing_line_once"
            ),
            models.CheckConstraint(condition=models.Q(net=models.F("gross") - models.F("share")), name="billing_line_net"),
            models.CheckConstraint(condition=models.Q(basis_points__lte=10_000), name="billing_line_basis_points"),
            models.CheckConstraint(
                condition=models.Q(kind="sale", sale=None, serial=1, taken=0)
                | (
                    models.Q(kind__in=["refund", "credit", "dispute"], sale__isnull=False, serial__gte=1)
                    & ~models.Q(gross=0, share=0)
                ),
                name="billing_line_kind",
            ),
        ]
        indexes = [models.Index(fields=["partner", "currency", "occurred_at"], name="billing_line_by_time")]

    def __str__(self) -> str:
        return f"{self.kind} {self.source}: {self.net} {self.currency}"

    @property
    @admin.display(description=_("product"))
    def what(self) -> str:
        """Return what was sold: `module.lamp`, or `bundle.scm/lamp` for a module in something else."""
        return f"{self.product}/{self.module}" if self.module else str(self.product)
