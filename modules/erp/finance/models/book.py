"""The set of accounts that a company is kept in."""

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy
from tessera.api import CurrencyField, Model, Record


class Book(Record):
    """One ledger of a company.

    What invoices, payments and stock post goes to the company's leading book; a further book takes
    what people enter by hand, such as adjustments for another standard.
    """

    company = models.ForeignKey("base.Company", on_delete=models.DO_NOTHING, related_name="+", verbose_name=_("company"))
    code = models.CharField(_("code"), max_length=20)
    name = models.CharField(_("name"), max_length=200)
    currency = CurrencyField(_("currency"))
    chart = models.CharField(_("chart of accounts"), max_length=40)
    leading = models.BooleanField(_("takes what documents post"), default=True)
    review = models.BooleanField(_("entries by hand are reviewed by a second person"), default=False)
    cut_over = models.DateField(_("opened late, on"), null=True, blank=True, editable=False)

    class Meta(Record.Meta):
        verbose_name = _("book")
        verbose_name_plural = _("books")
        constraints = [
            models.UniqueConstraint(fields=["company", "code"], name="book_once"),
            models.UniqueConstraint(fields=["company"], condition=models.Q(leading=True), name="one_leading_book"),
        ]
        indexes = [models.Index(fields=["code", "id"], name="book_by_code")]

    def __str__(self) -> str:
        return self.name


class BookHead(Model):
    """Where a book's chain of posted entries ends: its last sequence number and the hash over all of them."""

    audited = False

    book = models.OneToOneField(Book, on_delete=models.PROTECT, related_name="head", verbose_name=_("book"))
    seq = models.BigIntegerField(_("sequence number"), default=0)
    hash = models.CharField(pgettext_lazy("entry", "hash"), max_length=64, blank=True)

    class Meta(Model.Meta):
        verbose_name = _("end of a book")
        verbose_name_plural = _("ends of books")
