"""Invoices to customers and from suppliers, and the notes that correct them."""

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy
from tessera.api import ModuleKey, OrGreatest, search_index

from modules.base.api import Document, DocumentLine, DocumentTax
from modules.erp.finance.models.posted import PostedOnce


class Invoice(PostedOnce, Document):
    """A receivable or payable document; a credit note carries negative quantities and amounts."""

    class Direction(models.TextChoices):
        SALE = "sale", pgettext_lazy("invoice", "to a customer")
        PURCHASE = "purchase", pgettext_lazy("invoice", "from a supplier")

    class Kind(models.TextChoices):
        INVOICE = "invoice", _("invoice")
        CREDIT_NOTE = "credit_note", _("credit note")
        DEBIT_NOTE = "debit_note", _("debit note")
        ADVANCE = "advance", _("advance invoice")

    class PaymentState(models.TextChoices):
        """How far an invoice is paid; worked out from its open items, stored nowhere."""

        DRAFT = "draft", _("draft")
        OPEN = "open", pgettext_lazy("invoice is", "open")
        PARTLY_PAID = "partly_paid", _("partly paid")
        PAID = "paid", pgettext_lazy("invoice is", "paid")
        REVERSED = "reversed", _("reversed")

    direction = models.CharField(_("direction"), max_length=10, choices=Direction.choices)
    kind = models.CharField(_("kind"), max_length=12, choices=Kind.choices, default=Kind.INVOICE)
    corrects = models.ForeignKey(
        "self",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        db_index=False,
        related_name="corrected_by",
        verbose_name=_("corrects"),
    )
    tax_point_date = models.DateField(_("tax point"), null=True, blank=True)
    source_kind = models.CharField(_("kind of the source"), max_length=60, blank=True, editable=False)
    source = models.UUIDField(_("made from"), null=True, editable=False)

    class Meta(Document.Meta):
        verbose_name = _("invoice")
        verbose_name_plural = _("invoices")
        constraints = [
            *Document.Meta.constraints,
            models.CheckConstraint(
                condition=models.Q(kind="credit_note", gross_total__lte=0)
                | ~models.Q(kind="credit_note") & models.Q(gross_total__gte=0),
                name="invoice_sign_follows_kind",
            ),
            models.UniqueConstraint(
                fields=["source"],
                condition=models.Q(state="draft", corrects=None, source__isnull=False),
                name="one_draft_invoice_per_source",
                violation_error_code="STATE",
                violation_error_message=_("There is a draft invoice of this document; post it or delete it first."),
            ),
        ]
        indexes = [
            models.Index(fields=["corrects", "id"], name="invoice_by_corrects"),
            models.Index(fields=["party", "id"], name="invoice_in_party_order"),
            models.Index(fields=["party", "document_date", "id"], name="invoice_by_party_and_date"),
            models.Index(fields=["party", "company"], name="invoice_by_party"),
            models.Index(fields=["document_date", "id"], name="invoice_by_date"),
            models.Index(OrGreatest("number"), "id", name="invoice_by_number"),
            models.Index(fields=["source", "id"], name="invoice_by_source"),
            search_index("number", "reference", name="invoice_search"),
        ]


class InvoiceLine(DocumentLine):
    """A line of an invoice: what it bills (`source_line`), what it was received by, what it corrects."""

    document = models.ForeignKey(Invoice, on_delete=models.CASCADE, related_name="lines", verbose_name=_("invoice"))
    source_kind = models.CharField(_("kind of the source"), max_length=60, blank=True, editable=False)
    source_document = models.UUIDField(_("billed document"), null=True, editable=False)
    source_line = models.UUIDField(_("billed line"), null=True, editable=False)
    receipt_document = ModuleKey("stock.Receipt", null=True, blank=True, editable=False, verbose_name=_("goods receipt"))
    receipt_line = ModuleKey("stock.ReceiptLine", null=True, blank=True, verbose_name=_("line of the goods receipt"))
    corrects = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, blank=True, related_name="corrected_by", verbose_name=_("corrects")
    )
    account = models.ForeignKey(
        "finance.Account",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=pgettext_lazy("accounting", "account"),
    )

    class Meta(DocumentLine.Meta):
        verbose_name = _("invoice line")
        verbose_name_plural = _("invoice lines")
        indexes = [
            models.Index(fields=["position", "id"], name="invoice_line_by_position"),
            models.Index(fields=["source_line"], condition=~models.Q(source_line=None), name="invoice_line_by_source"),
            models.Index(
                fields=["receipt_document"], condition=~models.Q(receipt_document=None), name="invoice_line_by_receipt_doc"
            ),
            models.Index(fields=["receipt_line"], condition=~models.Q(receipt_line=None), name="invoice_line_by_receipt"),
            search_index("description", name="invoice_line_search"),
        ]


class InvoiceTax(DocumentTax):
    """A tax row of an invoice's line."""

    document = models.ForeignKey(Invoice, on_delete=models.CASCADE, related_name="taxes", verbose_name=_("invoice"))
    line = models.ForeignKey(InvoiceLine, on_delete=models.CASCADE, related_name="taxes", verbose_name=_("invoice line"))

    class Meta(DocumentTax.Meta):
        verbose_name = _("invoice tax")
        verbose_name_plural = _("invoice taxes")
