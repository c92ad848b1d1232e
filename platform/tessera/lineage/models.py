"""How documents hang together: line links, kept revisions, and transitions held back."""

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from tessera.fields import AmountField, CurrencyField, MemberKey, QuantityField
from tessera.models import Model, Record


class LinkType(models.TextChoices):
    """What one line is to another; read it as "target <type> source"."""

    FULFILS = "fulfils", pgettext_lazy("line link", "fulfils")
    INVOICES = "invoices", pgettext_lazy("line link", "invoices")
    SUPPLIES = "supplies", pgettext_lazy("line link", "supplies")
    CONSUMES = "consumes", pgettext_lazy("line link", "consumes")
    RETURNS = "returns", pgettext_lazy("line link", "returns")
    CORRECTS = "corrects", pgettext_lazy("line link", "corrects")
    ADVANCES = "advances", pgettext_lazy("line link", "advances")
    REPLACES = "replaces", pgettext_lazy("line link", "replaces")
    DERIVES = "derives", pgettext_lazy("line link", "derives from")


class LineLink(Model):
    """One line made from another: the source line, the target line, and how much of it.

    Kinds are model labels ("orders.SalesOrderLine"); the documents are kept beside the lines so
    that the graph of a document is one query. Quantities are in the item's base unit.
    """

    audited = False

    type = models.CharField(max_length=10, choices=LinkType.choices)
    source_kind = models.CharField(max_length=60)
    source_document = models.UUIDField()
    source_line = models.UUIDField()
    target_kind = models.CharField(max_length=60)
    target_document = models.UUIDField()
    target_line = models.UUIDField()
    base_quantity = QuantityField(default=0)
    amount = AmountField(default=0)
    currency = CurrencyField(blank=True)
    recorded_at = models.DateTimeField(auto_now_add=True)

    class Meta(Model.Meta):
        constraints = [
            models.UniqueConstraint(fields=["type", "source_line", "target_line"], name="line_link_once"),
            models.CheckConstraint(condition=~models.Q(source_line=models.F("target_line")), name="line_link_not_itself"),
        ]
        indexes = [
            models.Index(fields=["source_line", "type"], name="line_link_by_source"),
            models.Index(fields=["target_line", "type"], name="line_link_by_target"),
            models.Index(fields=["source_document"], name="line_link_by_source_doc"),
            models.Index(fields=["target_document"], name="line_link_by_target_doc"),
        ]


class DocumentRevision(Model):
    """A document as it was sealed: the whole content of revision `revision`, and its hash."""

    audited = False

    kind = models.CharField(max_length=60)
    document = models.UUIDField()
    revision = models.PositiveIntegerField()
    content = models.JSONField()
    content_hash = models.CharField(max_length=64)
    made_by = MemberKey(null=True)
    recorded_at = models.DateTimeField(auto_now_add=True)

    class Meta(Model.Meta):
        constraints = [
            models.UniqueConstraint(fields=["document", "revision"], name="document_revision_once"),
        ]


class TransitionHold(Record):
    """A transition that waits for a process: what was asked, by whom, for which content.

    `service` and `arguments` are run again, as the requester, once the process approves.
    """

    class State(models.TextChoices):
        WAITING = "waiting", _("waiting")
        RELEASED = "released", _("released")
        REJECTED = "rejected", _("rejected")
        WITHDRAWN = "withdrawn", _("withdrawn")
        VOID = "void", _("void, the content changed")

    kind = models.CharField(max_length=60)
    document = models.UUIDField()
    source = models.CharField(max_length=30)
    target = models.CharField(max_length=30)
    content_hash = models.CharField(max_length=64)
    requested_by = MemberKey(null=True)
    requester_name = models.CharField(max_length=200, blank=True)
    service = models.CharField(max_length=200)
    arguments = models.JSONField()
    process_instance = models.UUIDField(null=True)
    state = models.CharField(max_length=10, choices=State.choices, default=State.WAITING)
    reason = models.CharField(max_length=1000, blank=True)

    class Meta(Record.Meta):
        constraints = [
            models.UniqueConstraint(
                fields=["document", "target"],
                condition=models.Q(state="waiting"),
                name="one_waiting_hold",
                violation_error_code="STATE",
                violation_error_message=_("This transition is waiting for approval already."),
            ),
        ]
        indexes = [models.Index(fields=["document", "state"], name="hold_by_document")]
