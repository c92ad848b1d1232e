"""Authors, their books, and the subjects of the books."""

from django.db import models
from tessera.api import AmountField, MemberKey, Model, ModuleKey, Record


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


class Book(Record):
    """One title."""

    class State(models.TextChoices):
        DRAFT = "draft"
        PRINTED = "printed"

    MOVES = {("draft", "printed")}

    author = models.ForeignKey(Author, on_delete=models.PROTECT, related_name="+")
    editor = models.ForeignKey(Author, on_delete=models.PROTECT, related_name="+", null=True, blank=True)
    title = models.CharField(max_length=100)
    state = models.CharField(max_length=10, choices=State.choices, default=State.DRAFT)
    price = AmountField(default=0)
    pages = models.PositiveIntegerField(null=True, blank=True)
    printed_at = models.DateTimeField(null=True, blank=True)
    notes = models.JSONField(default=dict, blank=True)
    last_loan = ModuleKey("lending.Loan", null=True, blank=True)
    number = models.CharField(max_length=20, blank=True)

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
