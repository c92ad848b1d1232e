"""Authors, their books, and the subjects of the books."""

from django.db import models
from tessera.api import AmountField, CurrencyField, MemberKey, Model, ModuleKey, OrGreatest, Record, search_index


class Author(Record):
    """Somebody who wrote books."""

    class Kind(models.TextChoices):
        PERSON = "person"
        PEN_NAME = "pen-name"

    name = models.CharField(max_length=100, help_text="As printed.")
    kind = models.CharField(max_length=10, choices=Kind.choices, default=Kind.PERSON)
    born = models.DateField(null=True, blank=True)
    advance = AmountField(null=True, blank=True)
    owner = MemberKey(null=True, blank=True)
    unit = models.UUIDField(null=True, blank=True)
    company = models.UUIDField(null=True, blank=True)

    class Meta(Record.Meta):
        constraints = [models.UniqueConstraint(fields=["name"], name="author_name_once")]
        indexes = [
            models.Index(OrGreatest("born"), "id", name="author_by_born"),
            models.Index(OrGreatest("advance"), "id", name="author_by_advance"),
            models.Index(fields=["created_at", "id"], name="author_by_creation"),
            search_index("name", "kind", name="author_search"),
        ]


class Book(Record):
    """One title."""

    class State(models.TextChoices):
        DRAFT = "draft"
        PRINTED = "printed"

    MOVES = {("draft", "printed")}

    author = models.ForeignKey(Author, on_delete=models.PROTECT, db_index=False, related_name="+")
    editor = models.ForeignKey(Author, on_delete=models.PROTECT, db_index=False, related_name="+", null=True, blank=True)
    title = models.CharField(max_length=100)
    state = models.CharField(max_length=10, choices=State.choices, default=State.DRAFT)
    price = AmountField(default=0)
    currency = CurrencyField(default="EUR")
    pages = models.PositiveIntegerField(null=True, blank=True)
    printed_at = models.DateTimeField(null=True, blank=True)
    notes = models.JSONField(default=dict, blank=True)
    last_loan = ModuleKey("lending.Loan", null=True, blank=True)
    number = models.CharField(max_length=20, blank=True)

    class Meta(Record.Meta):
        indexes = [
            models.Index(fields=["title", "id"], name="book_by_title"),
            models.Index(fields=["price", "id"], name="book_by_price"),
            models.Index(OrGreatest("pages"), "id", name="book_by_pages"),
            models.Index(OrGreatest("printed_at"), "id", name="book_by_printed_at"),
            models.Index(fields=["author", "id"], name="book_by_author"),
            models.Index(fields=["editor", "id"], name="book_by_editor"),
            search_index("title", name="book_search"),
        ]

    def sealed_content(self):
        return {"title": self.title, "price": self.price}

    def approval_facts(self):
        return {"amount": self.price}


class Subject(Model):
    """What a book is about; a book may have many."""

    book = models.ForeignKey(Book, on_delete=models.CASCADE, related_name="+")
    word = models.CharField(max_length=50)

    class Meta(Model.Meta):
        ordering = ["word"]
        indexes = [models.Index(fields=["word", "id"], name="subject_by_word")]
