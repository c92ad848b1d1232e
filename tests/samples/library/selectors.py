"""Totals per author, and prices."""

from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID

from django.db.models import Count, Sum

from tests.samples.library.models import Author, Book


@dataclass(frozen=True)
class AuthorTotal:
    """What the books of one author cost together."""

    author: Author
    books: int
    price: Decimal


def totals(*, least: Decimal = Decimal(0), author: Author | None = None) -> list[AuthorTotal]:
    """Return the total price per author, by author."""
    rows = (
        Book.objects.values("author").annotate(books=Count("id"), price=Sum("price")).filter(price__gte=least).order_by("author")
    )
    rows = rows.filter(author=author) if author else rows
    return [AuthorTotal(Author(id=row["author"]), row["books"], row["price"]) for row in rows]


def price_of_books(*, ids: list[UUID]) -> dict[UUID, Decimal]:
    """What all books of the author cost together; null without a book."""
    rows = Book.objects.filter(author__in=ids).values_list("author").annotate(sum=Sum("price"))
    return dict(rows)


def longest_book(*, ids: list[UUID]) -> dict[UUID, Book | None]:
    """The book with the most pages."""
    rows = Book.objects.filter(author__in=ids, pages__isnull=False).order_by("author", "-pages", "id").distinct("author")
    return {row.author_id: row for row in rows}
