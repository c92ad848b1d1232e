"""How long the law wants the books to be kept."""

from datetime import date, timedelta

from django.db.models import Max

from modules.erp.finance.charts import chart
from modules.erp.finance.models import Book


def books_free_from() -> date | None:
    """Return the day from which no entry has to be kept any more; None without entries.

    Years are counted from the end of the fiscal year of a book's last entry, as many as its chart's law says.
    """
    books = Book.objects.annotate(last=Max("entries__period__year__end")).filter(last__isnull=False)
    return max((_years_after(book.last, chart(book.chart).retention_years) for book in books), default=None)


def _years_after(end: date, years: int) -> date:
    first = end + timedelta(days=1)  # fiscal years begin with a month, so there is such a day in every year
    return first.replace(year=first.year + years)
