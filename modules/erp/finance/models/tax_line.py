"""Tax as rows: returns are sums of these."""

from django.db import models
from django.utils.translation import gettext_lazy as _
from tessera.api import AmountField, CurrencyField, Model, PercentField


class TaxLine(Model):
    """What an entry says of one tax: base and amount, in the document's and the book's currency.

    Sales and purchases are told apart by the tax's side. Frozen with its entry.
    """

    audited = False

    entry = models.ForeignKey(
        "finance.Entry", on_delete=models.PROTECT, db_index=False, related_name="tax_lines", verbose_name=_("entry")
    )
    entry_line = models.ForeignKey("finance.EntryLine", on_delete=models.PROTECT, null=True, related_name="+")
    tax = models.ForeignKey("base.Tax", on_delete=models.DO_NOTHING, related_name="+", verbose_name=_("tax"))
    rate = PercentField(_("rate as applied"))
    included = models.BooleanField(_("included in the price"), default=False)
    recoverable = models.BooleanField(_("recoverable"), default=True)
    currency = CurrencyField(_("currency"))
    base = AmountField(_("base"))
    amount = AmountField(_("amount"))
    base_company = AmountField(_("base in the book's currency"))
    amount_company = AmountField(_("amount in the book's currency"))
    tax_point_date = models.DateField(_("tax point"))
    period = models.ForeignKey("finance.FiscalPeriod", on_delete=models.PROTECT, related_name="+", verbose_name=_("period"))
    document_line = models.UUIDField(_("line of the document"), null=True)

    class Meta(Model.Meta):
        verbose_name = _("tax line")
        verbose_name_plural = _("tax lines")
        indexes = [
            models.Index(fields=["tax_point_date", "id"], name="tax_line_in_point_order"),
            models.Index(fields=["entry", "id"], name="tax_line_by_entry"),
            models.Index(fields=["tax_point_date", "tax"], name="tax_line_by_point"),
        ]
