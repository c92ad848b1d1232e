"""What people see of loans."""

from tessera.api import Resource, Under

from tests.samples.lending.models import Loan

LOAN = Resource(
    model=Loan,
    fields=("book", "reader", "due", "fee"),
    writable=("book", "reader", "due"),
    create=True,
    filters=("reader", "due", "book"),
    order=("due",),
    currencies={"fee": "book__currency"},
    under=(Under("library.Book", "loans", "book"),),
)
