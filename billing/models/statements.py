"""What partners are told month by month, and what they are paid for it."""

from decimal import Decimal

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy
from tessera.fields import AmountField, KeyField

from billing.models.partners import Partner, PartnerLine


class PartnerStatement(models.Model):
    """A closed month of a partner's ledger in a currency, which never changes; `month` is its first day.

    `closing` is `opening` and the `net` of its lines. `due` is paid out, all of `closing` or, below the least that is paid, nothing;
    the rest opens the next statement. Lines that come after their month was closed are of the next.
    """

    id = KeyField()
    partner = models.ForeignKey(Partner, verbose_name=_("partner"), on_delete=models.PROTECT, related_name="statements")
    currency = models.CharField(_("currency"), max_length=3)
    month = models.DateField(_("month"))
    opening = AmountField(_("opening balance"))
    line_count = models.PositiveIntegerField(_("lines"))
    gross = AmountField(pgettext_lazy("partner", "gross"))
    share = AmountField(_("share of the platform"))
    net = AmountField(pgettext_lazy("partner", "net"))
    closing = AmountField(_("closing balance"))
    due = AmountField(pgettext_lazy("partner", "due"))
    closed_at = models.DateTimeField(pgettext_lazy("partner", "closed at"), auto_now_add=True)

    class Meta:
        verbose_name = _("statement of a partner")
        verbose_name_plural = _("statements of partners")
        constraints = [
            models.UniqueConstraint(fields=["partner", "currency", "month"], name="billing_statement_once"),
            models.CheckConstraint(condition=models.Q(month__day=1), name="billing_statement_month"),
            models.CheckConstraint(condition=models.Q(net=models.F("gross") - models.F("share")), name="billing_statement_net"),
            models.CheckConstraint(
                condition=models.Q(closing=models.F("opening") + models.F("net")), name="billing_statement_closing"
            ),
            models.CheckConstraint(
                condition=models.Q(due=0) | models.Q(due__gt=0, due=models.F("closing")), name="billing_statement_due"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.partner} {self.month:%Y-%m} {self.currency}"

    @property
    def carried(self) -> Decimal:
        """Return what the next statement opens with; below nothing where more was given back than earned."""
        carried: Decimal = self.closing - self.due
        return carried


class StatementEntry(models.Model):
    """That a line is told by a statement: each by one, for good."""

    id = KeyField()
    statement = models.ForeignKey(PartnerStatement, on_delete=models.PROTECT, related_name="entries")
    line = models.OneToOneField(PartnerLine, on_delete=models.PROTECT, related_name="entry")

    def __str__(self) -> str:
        return str(self.line_id)


class Payout(models.Model):
    """What is due by a statement, paid once by one transfer at Stripe.

    `refusals` counts how often Stripe definitely refused (`why`), which makes the next try another one; a try whose answer was lost
    is the same.
    """

    class State(models.TextChoices):
        OPEN = "open", pgettext_lazy("payout", "open")
        PAID = "paid", _("paid")

    id = KeyField()
    statement = models.OneToOneField(
        PartnerStatement, verbose_name=_("statement"), on_delete=models.PROTECT, related_name="payout"
    )
    state = models.CharField(_("state"), max_length=4, choices=State.choices, default=State.OPEN)
    amount = AmountField(_("amount"))
    transfer = models.CharField(pgettext_lazy("payout", "transfer"), max_length=255, unique=True, null=True)
    refusals = models.PositiveIntegerField(_("refusals"), default=0)
    why = models.CharField(_("reason"), max_length=1000, blank=True)
    paid_at = models.DateTimeField(_("paid at"), null=True)

    class Meta:
        verbose_name = _("payout")
        verbose_name_plural = _("payouts")
        constraints = [
            models.CheckConstraint(condition=models.Q(amount__gt=0), name="billing_payout_of_something"),
            models.CheckConstraint(
                condition=models.Q(state="open", transfer=None, paid_at=None)
                | models.Q(state="paid", transfer__startswith="tr_", paid_at__isnull=False, why=""),
                name="billing_payout_state",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.statement}: {self.amount}"
