"""Money that came in or went out."""

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy
from tessera.api import AmountField, CurrencyField, MemberKey, ModuleKey, OrGreatest, RateField, Record, search_index

from modules.erp.finance.models.posted import PostedOnce


class Payment(PostedOnce, Record):
    """A payment with a party: what it settles is allocated, the rest is an advance."""

    class Direction(models.TextChoices):
        IN = "in", pgettext_lazy("payment", "received")
        OUT = "out", pgettext_lazy("payment", "paid")

    class Side(models.TextChoices):
        CUSTOMER = "customer", _("customer")
        SUPPLIER = "supplier", _("supplier")

    company = models.ForeignKey("base.Company", on_delete=models.DO_NOTHING, related_name="+", verbose_name=_("company"))
    number = models.CharField(_("number"), max_length=80, null=True, blank=True, editable=False)
    state = models.CharField(
        _("state"), max_length=10, choices=PostedOnce.State.choices, default=PostedOnce.State.DRAFT, editable=False
    )
    direction = models.CharField(_("direction"), max_length=3, choices=Direction.choices)
    side = models.CharField(_("with a"), max_length=10, choices=Side.choices)
    party = models.ForeignKey(
        "base.Party", on_delete=models.DO_NOTHING, db_index=False, related_name="+", verbose_name=_("party")
    )
    account = models.ForeignKey(
        "finance.Account",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("bank or cash account"),
    )
    posting_date = models.DateField(_("posting date"))
    document_date = models.DateField(_("document date"))
    currency = CurrencyField(_("currency"))
    amount = AmountField(_("amount"))
    rate = RateField(_("rate"), default=1)
    reference = models.CharField(_("their reference"), max_length=100, blank=True)
    order = ModuleKey("orders.SalesOrder", null=True, blank=True, verbose_name=_("sales order"))
    order_kind = models.CharField(max_length=60, blank=True)
    owner = MemberKey(_("owner"), null=True, blank=True)
    note = models.CharField(_("note"), max_length=400, blank=True)
    reason = models.CharField(_("reason"), max_length=400, blank=True)

    class Meta(Record.Meta):
        verbose_name = _("payment")
        verbose_name_plural = _("payments")
        constraints = [
            models.UniqueConstraint(fields=["company", "number"], name="payment_number_once"),
            models.CheckConstraint(condition=models.Q(amount__gt=0), name="payment_amount_is_positive"),
            models.CheckConstraint(condition=models.Q(rate__gt=0), name="payment_rate_is_positive"),
        ]
        indexes = [
            models.Index(fields=["posting_date", "id"], name="payment_by_posting"),
            models.Index(OrGreatest("number"), "id", name="payment_by_number"),
            models.Index(fields=["amount", "id"], name="payment_by_amount"),
            models.Index(fields=["created_at", "id"], name="payment_by_creation"),
            models.Index(fields=["party", "id"], name="payment_in_party_order"),
            models.Index(fields=["party", "company"], name="payment_by_party"),
            models.Index(fields=["order", "id"], name="payment_by_order"),
            search_index("number", "reference", name="payment_search"),
        ]

    def __str__(self) -> str:
        return self.number or f"{self._meta.verbose_name} {self.state}"
