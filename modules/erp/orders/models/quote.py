"""What we offer, for how long."""

from django.db import models
from django.utils.translation import gettext_lazy as _
from tessera.api import ModuleKey, OrGreatest, search_index

from modules.base.api import Document
from modules.erp.orders.models.selling import SellingDocument, SellingLine, SellingTax


class Quote(SellingDocument):
    """An offer. Sent, it is sealed; an edit after that makes the next revision, which must be sent again."""

    class State(models.TextChoices):
        DRAFT = "draft", _("draft")
        SENT = "sent", _("sent")
        ACCEPTED = "accepted", _("accepted")
        REJECTED = "rejected", _("rejected")
        EXPIRED = "expired", _("expired")

    MOVES = {
        ("draft", "sent"),
        ("sent", "draft"),
        ("sent", "accepted"),
        ("sent", "rejected"),
        ("sent", "expired"),
    }
    SEALED = (*Document.SEALED, "valid_until")

    valid_until = models.DateField(_("valid until"))
    opportunity = ModuleKey("sales.Opportunity", verbose_name=_("opportunity"), null=True, blank=True)
    sent_at = models.DateTimeField(_("sent at"), null=True, blank=True, editable=False)

    class Meta(SellingDocument.Meta):
        verbose_name = _("quote")
        verbose_name_plural = _("quotes")
        constraints = [
            *SellingDocument.Meta.constraints,
            models.CheckConstraint(
                condition=models.Q(valid_until__gte=models.F("document_date")),
                name="quote_valid_after_its_date",
                violation_error_message=_("A quote is valid until its own date or later."),
            ),
        ]
        indexes = [
            models.Index(fields=["party", "id"], name="quote_by_party"),
            models.Index(fields=["valid_until"], condition=models.Q(state="sent"), name="quote_open_by_validity"),
            models.Index(fields=["opportunity", "id"], name="quote_by_opportunity"),
            models.Index(fields=["document_date", "id"], name="quote_by_date"),
            models.Index(OrGreatest("number"), "id", name="quote_by_number"),
            models.Index(fields=["gross_total", "id"], name="quote_by_total"),
            search_index("number", "reference", "external_id", name="quote_search"),
        ]


class QuoteLine(SellingLine):
    """A line of a quote."""

    document = models.ForeignKey(Quote, on_delete=models.CASCADE, related_name="lines", verbose_name=_("quote"))

    class Meta(SellingLine.Meta):
        verbose_name = _("quote line")
        verbose_name_plural = _("quote lines")
        indexes = [
            models.Index(fields=["position", "id"], name="quote_line_by_position"),
            search_index("description", name="quote_line_search"),
        ]


class QuoteTax(SellingTax):
    """A tax row of a quote line."""

    document = models.ForeignKey(Quote, on_delete=models.CASCADE, related_name="taxes", verbose_name=_("quote"))
    line = models.ForeignKey(QuoteLine, on_delete=models.CASCADE, related_name="taxes", verbose_name=_("line"))

    class Meta(SellingTax.Meta):
        verbose_name = _("quote tax")
        verbose_name_plural = _("quote taxes")
        constraints = [models.UniqueConstraint(fields=["line", "tax"], name="quote_tax_once")]
