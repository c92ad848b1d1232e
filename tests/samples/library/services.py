"""Print a book, commission several, and count."""

from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from tessera.api import Money, Refused, assign_number, move, service

from tests.samples.library.models import Author, Book, Subject


@dataclass(frozen=True)
class Title:
    """A title to be written."""

    title: str
    price: Decimal = Decimal(0)
    subjects: list[str] = field(default_factory=list)
    editor: Author | None = None


@service(permission="library.book_print")
def print_book(*, book: Book, pages: int, on: date | None = None, cost: Money | None = None) -> Book:
    """Print a book, once it has pages."""
    if pages < 1:
        raise Refused("INVALID", "A book has pages.", "pages")
    book.pages = pages
    move(book, Book.State.PRINTED, also=["pages"])
    if on:
        assign_number(book, scope=("library", "book", on.year), pattern="B{n:04}", on=on)
    return book


@service(permission="library.author_commission")
def commission_books(*, author: Author, titles: list[Title], kind: Author.Kind = Author.Kind.PERSON) -> list[Book]:
    """Commission several titles at once."""
    author.kind = kind
    author.save()
    books = []
    for place, each in enumerate(titles):
        if not each.title:
            raise Refused("REQUIRED", "A title is required.", "titles", str(place), "title")
        book = Book(author=author, title=each.title, price=each.price, editor=each.editor)
        book.save()
        for word in each.subjects:
            Subject(book=book, word=word).save()
        books.append(book)
    return books
