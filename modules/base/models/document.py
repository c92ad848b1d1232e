"""The abstract business document and line: what every quote, order, delivery and invoice carries.

A concrete document names its `MOVES` (pairs of states), its line model, and what it seals.
Amounts are in the document's currency; `rate` is company units per one document unit.
"""

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy
from tessera.api import AmountField, CurrencyField, MemberKey, PercentField, PriceField, QuantityField, RateField, Record


class Document(Record):
    """A document's header. The number is given when the document takes effect, never to a draft."""

    MOVES: set[tuple[str, str]] = set()
    SEALED: tuple[str, ...] = (
        "company_id", "party_id", "bill_to_id", "ship_to_id", "currency", "rate", "price_includes_tax", "payment_term_id",
        "net_total", "tax_total", "gross_total",
    )  # fmt: skip

    class Origin(models.TextChoices):
        MANUAL = "manual", _("by hand")
        API = "api", _("API")
        IMPORT = "import", _("import")
        CHANNEL = "channel", _("channel")
        SYSTEM = "system", _("system")

    company = models.ForeignKey("base.Company", on_delete=models.DO_NOTHING, related_name="+", verbose_name=_("company"))
    branch = models.ForeignKey(
        "base.OrgUnit", on_delete=models.DO_NOTHING, null=True, blank=True, related_name="+", verbose_name=_("branch")
    )
    number = models.CharField(_("number"), max_length=80, null=True, blank=True, editable=False)
    revision = models.PositiveIntegerField(_("revision"), default=1, editable=False)
    content_hash = models.CharField(_("hash of the content"), max_length=64, blank=True, editable=False)
    approved_revision = models.PositiveIntegerField(_("approved revision"), null=True, editable=False)
    state = models.CharField(_("state"), max_length=20, default="draft", editable=False)
    document_date = models.DateField(_("document date"))
    posting_date = models.DateField(_("posting date"), null=True, blank=True)
    currency = CurrencyField(_("currency"))
    rate = RateField(_("rate"), default=1)
    rate_date = models.DateField(_("date of the rate"), null=True, blank=True)
    rate_source = models.CharField(_("source of the rate"), max_length=80, blank=True)
    price_includes_tax = models.BooleanField(_("prices include tax"), default=False)
    party = models.ForeignKey("base.Party", on_delete=models.DO_NOTHING, related_name="+", verbose_name=_("party"))
    bill_to = models.ForeignKey(
        "base.Address", on_delete=models.DO_NOTHING, null=True, blank=True, related_name="+", verbose_name=_("bill to")
    )
    ship_to = models.ForeignKey(
        "base.Address", on_delete=models.DO_NOTHING, null=True, blank=True, related_name="+", verbose_name=_("ship to")
    )
    payer = models.ForeignKey(
        "base.Party", on_delete=models.DO_NOTHING, null=True, blank=True, related_name="+", verbose_name=_("payer")
    )
    contact = models.ForeignKey(
        "base.Party", on_delete=models.DO_NOTHING, null=True, blank=True, related_name="+", verbose_name=_("contact")
    )
    payment_term = models.ForeignKey(
        "base.PaymentTerm", on_delete=models.DO_NOTHING, null=True, blank=True, related_name="+", verbose_name=_("payment term")
    )
    party_snapshot = models.JSONField(_("party as printed"), default=dict, blank=True, editable=False)
    reference = models.CharField(_("their reference"), max_length=100, blank=True)
    owner = MemberKey(_("owner"), null=True, blank=True)
    org_unit = models.ForeignKey(
        "base.OrgUnit",
        on_delete=models.DO_NOTHING,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=pgettext_lazy("organisation", "unit"),
    )
    dimension_set = models.ForeignKey(
        "base.DimensionSet", on_delete=models.DO_NOTHING, null=True, blank=True, related_name="+", verbose_name=_("dimensions")
    )
    origin = models.CharField(_("origin"), max_length=10, choices=Origin.choices, default=Origin.MANUAL)
    external_id = models.CharField(_("external id"), max_length=100, blank=True)
    reason = models.CharField(_("reason"), max_length=400, blank=True)
    net_total = AmountField(_("net"), default=0, editable=False)
    tax_total = AmountField(pgettext_lazy("amount", "tax"), default=0, editable=False)
    gross_total = AmountField(_("total"), default=0, editable=False)
    note = models.TextField(_("note"), blank=True)

    class Meta(Record.Meta):
        abstract = True
        constraints = [
            models.UniqueConstraint(fields=["company", "number"], name="%(class)s_number_once"),
            models.UniqueConstraint(
                fields=["company", "origin", "external_id"],
                condition=~models.Q(external_id=""),
                name="%(class)s_external_id_once",
            ),
            models.CheckConstraint(condition=models.Q(rate__gt=0), name="%(class)s_rate_is_positive"),
        ]

    def __str__(self) -> str:
        return self.number or f"{self._meta.verbose_name} {self.state}"

    def sealed_lines(self) -> Iterable["DocumentLine"]:
        """Return the lines in order of position."""
        return self.lines.order_by("position", "id")  # type: ignore[attr-defined]

    def sealed_content(self) -> dict[str, Any]:
        """Return what an approval covers: parties, lines, prices, terms and totals, not notes or progress."""
        content: dict[str, Any] = {name: _plain(getattr(self, name)) for name in self.SEALED}
        content["lines"] = [line.sealed_content() for line in self.sealed_lines()]
        return content

    def approval_facts(self) -> dict[str, Decimal]:
        """Return what an approval process may set thresholds on: `amount` in company currency, `discount_percent`."""
        discounts = [line.discount for line in self.sealed_lines()]
        return {"amount": self.gross_total * self.rate, "discount_percent": max(discounts, default=Decimal(0)) * 100}


class LineKind(models.TextChoices):
    """What a line is. Freight, packing and rounding are lines of kind charge, never header numbers."""

    ITEM = "item", _("item")
    SERVICE = "service", _("service")
    CHARGE = "charge", _("charge")
    DISCOUNT = "discount", _("discount")
    ADVANCE = "advance", _("advance")
    TEXT = "text", _("text")


class DocumentLine(Record):
    """A document's line; a concrete line adds the key `document` with `related_name="lines"`."""

    class Fulfilment(models.TextChoices):
        STOCK = "stock", _("from stock")
        MAKE = "make", _("make")
        BUY = "buy", _("buy")
        DROP_SHIP = "drop_ship", _("drop-ship")
        SERVICE = "service", _("service")
        MANUAL = "manual", _("by hand")

    class Invoicing(models.TextChoices):
        ORDERED = "ordered", _("what was ordered")
        DELIVERED = "delivered", _("what was delivered")
        MILESTONE = "milestone", _("by milestone")
        NONE = "none", _("not invoiced")

    SEALED: tuple[str, ...] = (
        "position", "kind", "item_id", "description", "quantity", "unit_id", "base_quantity", "unit_price", "discount", "net", "gross",
    )  # fmt: skip

    position = models.PositiveIntegerField(_("position"), default=1)
    parent_line = models.ForeignKey(
        "self", on_delete=models.DO_NOTHING, null=True, blank=True, related_name="+", verbose_name=_("parent line")
    )
    kind = models.CharField(_("kind"), max_length=10, choices=LineKind.choices, default=LineKind.ITEM)
    item = models.ForeignKey(
        "base.Item", on_delete=models.DO_NOTHING, null=True, blank=True, related_name="+", verbose_name=_("item")
    )
    description = models.CharField(_("description"), max_length=400, blank=True)
    quantity = QuantityField(_("quantity"), default=1)
    unit = models.ForeignKey(
        "base.Unit", on_delete=models.DO_NOTHING, null=True, blank=True, related_name="+", verbose_name=_("unit")
    )
    base_quantity = QuantityField(_("quantity in the base unit"), default=0, editable=False)
    secondary_quantity = QuantityField(_("secondary quantity"), null=True, blank=True)
    unit_price = PriceField(_("unit price"), default=0)
    price_trace = models.JSONField(_("how the price came about"), default=dict, blank=True, editable=False)
    discount = PercentField(_("discount"), default=0)
    net = AmountField(_("net"), default=0, editable=False)
    gross = AmountField(_("gross"), default=0, editable=False)
    dimension_set = models.ForeignKey(
        "base.DimensionSet", on_delete=models.DO_NOTHING, null=True, blank=True, related_name="+", verbose_name=_("dimensions")
    )
    requested_date = models.DateField(_("requested for"), null=True, blank=True)
    promised_date = models.DateField(_("promised for"), null=True, blank=True)
    fulfilment = models.CharField(_("fulfilment"), max_length=10, choices=Fulfilment.choices, default=Fulfilment.STOCK)
    invoicing = models.CharField(_("invoicing"), max_length=10, choices=Invoicing.choices, default=Invoicing.DELIVERED)
    over_tolerance = PercentField(_("over-delivery tolerance"), default=0)
    under_tolerance = PercentField(_("under-delivery tolerance"), default=0)
    cancelled_quantity = QuantityField(_("cancelled, in the base unit"), default=0, editable=False)

    class Meta(Record.Meta):
        abstract = True
        constraints = [
            models.CheckConstraint(condition=models.Q(discount__gte=0, discount__lte=1), name="%(class)s_discount_is_a_part"),
            models.CheckConstraint(condition=models.Q(cancelled_quantity__gte=0), name="%(class)s_cancelled_not_negative"),
        ]

    def sealed_content(self) -> dict[str, Any]:
        """Return what an approval covers of this line."""
        return {name: _plain(getattr(self, name)) for name in self.SEALED}


class DocumentTax(Record):
    """One tax row of a document or of one of its lines, in both currencies."""

    tax = models.ForeignKey("base.Tax", on_delete=models.DO_NOTHING, related_name="+", verbose_name=_("tax"))
    rate = PercentField(_("rate as applied"))
    included = models.BooleanField(_("included in the price"), default=False)
    recoverable = models.BooleanField(_("recoverable"), default=True)
    base = AmountField(_("base"))
    amount = AmountField(_("amount"))
    base_company = AmountField(_("base in company currency"), default=0)
    amount_company = AmountField(_("amount in company currency"), default=0)
    tax_point_date = models.DateField(_("tax point"), null=True, blank=True)

    class Meta(Record.Meta):
        abstract = True


def _plain(value: Any) -> Any:
    """Return a value in one spelling, so that equal contents have equal hashes (1.5 and 1.500000)."""
    if isinstance(value, Decimal):
        return format(value.normalize(), "f")
    return str(value) if value is not None and not isinstance(value, (bool, int, str)) else value
