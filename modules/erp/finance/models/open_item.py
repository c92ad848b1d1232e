"""What parties owe and are owed, and how it is settled."""

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy
from tessera.api import AmountField, CurrencyField, Model, ModuleKey, Record


def _between(part: str, whole: str) -> models.Q:
    """Return the condition that `part` lies between zero and `whole`, whatever the sign."""
    return models.Q(**{f"{whole}__gte": 0, f"{part}__gte": 0, f"{part}__lte": models.F(whole)}) | models.Q(
        **{f"{whole}__lte": 0, f"{part}__lte": 0, f"{part}__gte": models.F(whole)}
    )


class OpenItem(Record):
    """One instalment of a receivable or payable: positive is a debit (they owe us), negative a credit.

    `amount` and `residual` are in the document's currency, the `_company` ones in the book's, at the
    rate of the document. What settles it are allocations; the item of a posted line never changes else.
    """

    class Kind(models.TextChoices):
        INVOICE = "invoice", _("invoice")
        CREDIT = "credit", _("credit note")
        PAYMENT = "payment", _("payment")
        ADVANCE = "advance", _("advance")
        OTHER = "other", _("other")

    entry_line = models.OneToOneField(
        "finance.EntryLine", on_delete=models.PROTECT, related_name="open_item", verbose_name=_("entry line")
    )
    company = models.ForeignKey("base.Company", on_delete=models.DO_NOTHING, related_name="+", verbose_name=_("company"))
    party = models.ForeignKey(
        "base.Party", on_delete=models.DO_NOTHING, db_index=False, related_name="+", verbose_name=_("party")
    )
    account = models.ForeignKey(
        "finance.Account", on_delete=models.PROTECT, related_name="+", verbose_name=pgettext_lazy("accounting", "account")
    )
    kind = models.CharField(_("kind"), max_length=10, choices=Kind.choices)
    document_kind = models.CharField(_("kind of document"), max_length=60)
    document = models.UUIDField(_("document"))
    order = ModuleKey("orders.SalesOrder", null=True, blank=True, verbose_name=_("sales order"))
    currency = CurrencyField(_("currency"))
    amount = AmountField(_("amount"))
    residual = AmountField(pgettext_lazy("amount", "open"))
    amount_company = AmountField(_("amount in the book's currency"))
    residual_company = AmountField(_("open in the book's currency"))
    posting_date = models.DateField(_("posting date"))
    due_date = models.DateField(_("due"))
    blocked = models.BooleanField(_("blocked"), default=False)

    class Meta(Record.Meta):
        verbose_name = _("open item")
        verbose_name_plural = _("open items")
        constraints = [
            models.CheckConstraint(
                condition=_between("residual", "amount"), name="open_item_residual_in_bounds", violation_error_code="LIMIT"
            ),
            models.CheckConstraint(
                condition=_between("residual_company", "amount_company"),
                name="open_item_residual_company_in_bounds",
                violation_error_code="LIMIT",
            ),
            models.CheckConstraint(
                condition=~models.Q(residual=0) | models.Q(residual_company=0), name="open_item_settled_in_both"
            ),
        ]
        indexes = [
            models.Index(fields=["due_date", "id"], name="open_item_by_due"),
            models.Index(fields=["posting_date", "id"], name="open_item_by_posting"),
            models.Index(fields=["residual", "id"], name="open_item_by_residual"),
            models.Index(fields=["party", "id"], name="open_item_in_party_order"),
            models.Index(fields=["party", "company"], condition=~models.Q(residual=0), name="open_item_by_party"),
            models.Index(fields=["document", "id"], name="open_item_by_document"),
            models.Index(fields=["order"], condition=~models.Q(order=None), name="open_item_by_order"),
            models.Index(fields=["account"], condition=~models.Q(residual=0), name="open_item_by_account"),
        ]


class Allocation(Model):
    """A debit item settled with a credit item. It is undone by a row that takes it back (negative amounts).

    `debit_company` and `credit_company` are what each item gives up in the book's currency; where
    they differ, `entry` books the difference of exchange. `entry` also moves the amount between
    two control accounts.
    """

    audited = False

    debit_item = models.ForeignKey(
        OpenItem, on_delete=models.PROTECT, db_index=False, related_name="debits", verbose_name=_("debit item")
    )
    credit_item = models.ForeignKey(
        OpenItem, on_delete=models.PROTECT, db_index=False, related_name="credits", verbose_name=_("credit item")
    )
    date = models.DateField(_("date"))
    currency = CurrencyField(_("currency"))
    amount = AmountField(_("amount"))
    debit_company = AmountField(_("given up by the debit item, in the book's currency"))
    credit_company = AmountField(_("given up by the credit item, in the book's currency"))
    entry = models.ForeignKey("finance.Entry", on_delete=models.PROTECT, null=True, related_name="+", verbose_name=_("entry"))
    reverses = models.OneToOneField(
        "self",
        on_delete=models.PROTECT,
        null=True,
        related_name="reversed_by",
        verbose_name=pgettext_lazy("allocation", "takes back"),
    )
    reason = models.CharField(_("reason"), max_length=400, blank=True)
    recorded_at = models.DateTimeField(_("recorded at"), auto_now_add=True)

    class Meta(Model.Meta):
        verbose_name = _("allocation")
        verbose_name_plural = _("allocations")
        constraints = [
            models.CheckConstraint(condition=~models.Q(debit_item=models.F("credit_item")), name="allocation_joins_two"),
            models.CheckConstraint(
                condition=models.Q(reverses=None, amount__gt=0) | models.Q(reverses__isnull=False, amount__lt=0),
                name="allocation_sign",
            ),
        ]
        indexes = [
            models.Index(fields=["debit_item", "id"], name="allocation_by_debit"),
            models.Index(fields=["credit_item", "id"], name="allocation_by_credit"),
            models.Index(fields=["date", "id"], name="allocation_by_date"),
        ]
