"""Loans."""

from django.db import models
from tessera.api import AmountField, Record

from tests.samples.library.models import Book


class Loan(Record):
    """A book given to somebody for a while."""

    book = models.ForeignKey(Book, on_delete=models.DO_NOTHING, db_index=False, related_name="+")
    reader = models.CharField(max_length=100)
    due = models.DateField()
    fee = AmountField(default=0)

    class Meta(Record.Meta):
        indexes = [
            models.Index(fields=["due", "id"], name="loan_by_due"),
            models.Index(fields=["book", "id"], name="loan_by_book"),
        ]
