"""No row goes unseen: what a deletion takes along, and the keys it empties, is in the audit."""

import pytest
from tessera.audit.models import AuditEntry
from tessera.notes.models import Comment
from tessera.unit_of_work import unit_of_work

from tests.samples.library.models import Author, Book, Subject


@pytest.fixture
def book(inside) -> Book:
    with unit_of_work():
        author = Author(name="Ann")
        author.save()
        book = Book(author=author, title="Tides")
        book.save()
        for word in ("sea", "moon"):
            Subject(book=book, word=word).save()
    return book


def deleted() -> list[tuple[str, str]]:
    entries = AuditEntry.objects.filter(verb="delete").order_by("id")
    return sorted((entry.label, str(entry.before.get("word") or entry.before["title"])) for entry in entries)


@pytest.mark.parametrize("by", ["row", "queryset"])
def test_what_a_deletion_takes_along_is_audited(book, by):
    with unit_of_work():
        if by == "row":
            Book.objects.get(pk=book.pk).delete()
        else:
            Book.objects.filter(title="Tides").delete()
    assert deleted() == [("library.Book", "Tides"), ("library.Subject", "moon"), ("library.Subject", "sea")]
    assert not Subject.objects.exists()


def test_a_key_that_a_deletion_empties_is_audited(book):
    with unit_of_work():
        first = Comment(label="library.Book", record=book.pk, body="first")
        first.save()
        answer = Comment(label="library.Book", record=book.pk, body="second", reply_to=first)
        answer.save()
    key = first.pk
    with unit_of_work():
        Comment.objects.filter(pk=key).delete()
    entry = AuditEntry.objects.get(record=answer.pk, verb="update")
    assert (entry.before, entry.after) == ({"reply_to_id": str(key)}, {"reply_to_id": None})


def test_the_audit_of_a_deletion_tells_what_was_stored(book):
    with unit_of_work():
        found = Book.objects.get(pk=book.pk)
        found.title = "Never stored"
        found.delete()
    assert AuditEntry.objects.get(record=book.pk, verb="delete").before["title"] == "Tides"
