"""Loans."""

from django.db import models
from tessera.api import Record

from tests.samples.library.models import Book


class Loan(Record):
    """A book given to somebody for a while."""

    book = models.ForeignKey(Book, on_delete=models.DO_NOTHING, related_name="+")
    reader = models.CharField(max_length=100)
    due = models.DateField()
