"""Journals, entries and their lines: what is posted is frozen by the database (see `guards`)."""

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy
from tessera.api import AmountField, CurrencyField, MemberKey, Model, OrGreatest, QuantityField, RateField, Record, search_index

from modules.erp.finance.models.period import Area


class Journal(Record):
    """A kind of voucher: the word and the series its numbers come from, and the area that closes it."""

    class Series(models.TextChoices):
        YEAR = "year", _("per year")
        MONTH = "month", _("per month")

    book = models.ForeignKey(
        "finance.Book", on_delete=models.PROTECT, db_index=False, related_name="journals", verbose_name=_("book")
    )
    code = models.CharField(_("code"), max_length=20)
    name = models.CharField(_("name"), max_length=200)
    area = models.CharField(_("area"), max_length=10, choices=Area.choices, default=Area.LEDGER)
    word = models.CharField(_("voucher word"), max_length=20)
    series = models.CharField(_("numbered"), max_length=10, choices=Series.choices, default=Series.YEAR)
    pattern = models.CharField(_("pattern of the number"), max_length=80, default="{year}-{n:05}")

    class Meta(Record.Meta):
        verbose_name = _("journal")
        verbose_name_plural = _("journals")
        constraints = [models.UniqueConstraint(fields=["book", "code"], name="journal_once")]
        indexes = [
            models.Index(fields=["code", "id"], name="journal_by_code"),
            models.Index(fields=["book", "id"], name="journal_by_book"),
        ]

    def __str__(self) -> str:
        return self.name


class Side(models.TextChoices):
    """The side of an account; a red amount is negative on its own side."""

    DEBIT = "debit", _("debit")
    CREDIT = "credit", _("credit")


class Entry(Model):
    """A voucher. It is its own audit: once posted nothing of it changes, and drafts say who made them.

    There is at most one per (book, source, purpose). `prev_hash` is the hash over all entries posted
    in the book before it, in the order of `seq`, so that a missing or changed one shows.
    """

    class State(models.TextChoices):
        DRAFT = "draft", _("draft")
        REVIEWED = "reviewed", _("reviewed")
        POSTED = "posted", _("posted")

    class Kind(models.TextChoices):
        NORMAL = "normal", _("normal")
        OPENING = "opening", _("opening")
        ADJUSTING = "adjusting", _("adjusting")
        REVALUATION = "revaluation", _("revaluation")
        CLOSING = "closing", _("closing")
        REVERSAL = "reversal", _("reversal")

    MOVES = {("draft", "reviewed"), ("reviewed", "draft"), ("draft", "posted"), ("reviewed", "posted")}
    audited = False

    book = models.ForeignKey(
        "finance.Book", on_delete=models.PROTECT, db_index=False, related_name="entries", verbose_name=_("book")
    )
    company = models.ForeignKey("base.Company", on_delete=models.DO_NOTHING, related_name="+", verbose_name=_("company"))
    journal = models.ForeignKey(Journal, on_delete=models.PROTECT, related_name="+", verbose_name=_("journal"))
    period = models.ForeignKey("finance.FiscalPeriod", on_delete=models.PROTECT, related_name="+", verbose_name=_("period"))
    state = models.CharField(_("state"), max_length=10, choices=State.choices, default=State.DRAFT)
    kind = models.CharField(_("kind"), max_length=12, choices=Kind.choices, default=Kind.NORMAL)
    word = models.CharField(_("voucher word"), max_length=20)
    number = models.CharField(_("number"), max_length=80, null=True)
    posting_date = models.DateField(_("posting date"))
    document_date = models.DateField(_("document date"))
    summary = models.CharField(_("summary"), max_length=400, blank=True)
    source_kind = models.CharField(_("kind of the source"), max_length=60, blank=True)
    source_id = models.UUIDField(_("source"), null=True)
    purpose = models.CharField(_("purpose"), max_length=40, blank=True)
    reverses = models.ForeignKey(
        "self",
        on_delete=models.PROTECT,
        null=True,
        db_index=False,
        related_name="reversed_by",
        verbose_name=pgettext_lazy("accounting", "takes back"),
    )
    attachments_count = models.PositiveSmallIntegerField(_("attachments"), default=0)
    prepared_by = MemberKey(_("prepared by"), null=True)
    reviewed_by = MemberKey(_("reviewed by"), null=True)
    posted_by = MemberKey(_("posted by"), null=True)
    seq = models.BigIntegerField(_("sequence number"), null=True)
    prev_hash = models.CharField(_("hash of the entries before"), max_length=64, blank=True)
    recorded_at = models.DateTimeField(_("recorded at"), auto_now_add=True)

    class Meta(Model.Meta):
        verbose_name = _("entry")
        verbose_name_plural = _("entries")
        constraints = [
            models.UniqueConstraint(fields=["number", "book"], name="entry_number_once"),
            models.UniqueConstraint(fields=["book", "seq"], name="entry_seq_once"),
            models.UniqueConstraint(fields=["book", "source_kind", "source_id", "purpose"], name="entry_once_per_source"),
            models.UniqueConstraint(
                fields=["reverses"],
                name="entry_reversed_once",
                violation_error_code="STATE",
                violation_error_message=_("This entry is reversed already."),
            ),
            models.CheckConstraint(
                condition=~models.Q(state="posted") | models.Q(number__isnull=False, seq__isnull=False),
                name="entry_posted_has_number",
            ),
            models.CheckConstraint(condition=~models.Q(reverses=models.F("id")), name="entry_not_its_own_reversal"),
        ]
        indexes = [
            models.Index(fields=["posting_date", "id"], name="entry_by_posting"),
            models.Index(OrGreatest("number"), "id", name="entry_by_number"),
            models.Index(fields=["book", "id"], name="entry_by_book"),
            models.Index(fields=["reverses", "id"], name="entry_by_reverses"),
            models.Index(fields=["posting_date", "book"], name="entry_by_date"),
            models.Index(fields=["source_id"], name="entry_by_source"),
            search_index("number", "summary", name="entry_search"),
        ]

    def __str__(self) -> str:
        return self.number or f"{self._meta.verbose_name} {self.state}"


class EntryLine(Model):
    """One line: an amount on one side of an account, in the book's and in the original currency.

    `source_line` is the document line it stands for: the order's line on goods shipped, the
    receipt's on goods received. `purpose` is why this account was chosen.
    """

    audited = False

    entry = models.ForeignKey(Entry, on_delete=models.PROTECT, db_index=False, related_name="lines", verbose_name=_("entry"))
    position = models.PositiveIntegerField(_("position"))
    account = models.ForeignKey(
        "finance.Account", on_delete=models.PROTECT, related_name="+", verbose_name=pgettext_lazy("accounting", "account")
    )
    purpose = models.CharField(_("purpose"), max_length=40, blank=True)
    side = models.CharField(_("side"), max_length=6, choices=Side.choices)
    amount = AmountField(_("amount"))
    currency = CurrencyField(_("currency"))
    amount_currency = AmountField(_("amount in its currency"))
    rate = RateField(_("rate"), default=1)
    party = models.ForeignKey(
        "base.Party", on_delete=models.DO_NOTHING, null=True, db_index=False, related_name="+", verbose_name=_("party")
    )
    item = models.ForeignKey("base.Item", on_delete=models.DO_NOTHING, null=True, related_name="+", verbose_name=_("item"))
    quantity = QuantityField(_("quantity in the base unit"), null=True)
    dimension_set = models.ForeignKey(
        "base.DimensionSet", on_delete=models.DO_NOTHING, null=True, related_name="+", verbose_name=_("dimensions")
    )
    summary = models.CharField(_("summary"), max_length=400, blank=True)
    due_date = models.DateField(_("due"), null=True)
    source_line = models.UUIDField(_("line of the source"), null=True)

    class Meta(Model.Meta):
        verbose_name = _("entry line")
        verbose_name_plural = _("entry lines")
        constraints = [
            models.UniqueConstraint(fields=["position", "entry"], name="entry_line_once"),
            models.CheckConstraint(condition=models.Q(side__in=["debit", "credit"]), name="entry_line_has_a_side"),
            models.CheckConstraint(condition=models.Q(rate__gt=0), name="entry_line_rate_is_positive"),
        ]
        indexes = [
            models.Index(fields=["position", "id"], name="entry_line_by_position"),
            models.Index(fields=["entry", "id"], name="entry_line_by_entry"),
            models.Index(fields=["party", "id"], name="entry_line_in_party_order"),
            models.Index(fields=["account", "entry"], name="entry_line_by_account"),
            models.Index(fields=["source_line", "account"], condition=~models.Q(source_line=None), name="entry_line_by_source"),
            models.Index(fields=["party", "account"], condition=~models.Q(party=None), name="entry_line_by_party"),
            search_index("summary", name="entry_line_search"),
        ]
