"""What people see of the library."""

from tessera.api import Action, Children, Computed, Report, Resource, RowScope

from tests.samples.library import models, selectors, services

AUTHOR = Resource(
    model=models.Author,
    fields=("name", "kind", "born", "advance", "company", "version", "created_at"),
    writable=("name", "kind", "born", "advance", "company"),
    create=True,
    update=True,
    delete=True,
    filters=("name", "kind", "born", "advance", "created_at"),
    order=("name", "born", "advance", "created_at"),
    search=("name", "kind"),
    children=(Children("books", models.Book, "author"), Children("edited", models.Book, "editor")),
    computed=(Computed("price_of_books", selectors.price_of_books), Computed("longest_book", selectors.longest_book)),
    actions=(Action("commission", services.commission_books),),
    scope=RowScope(owner="owner", unit="unit", company="company"),
    field_rights={"advance": "library.author_advance", "price_of_books": "library.author_advance"},
    currencies={"advance": ""},
)
BOOK = Resource(
    model=models.Book,
    fields=(
        "author",
        "editor",
        "title",
        "state",
        "price",
        "currency",
        "pages",
        "printed_at",
        "notes",
        "last_loan",
        "number",
        "version",
    ),
    writable=("author", "editor", "title", "price", "pages", "notes", "last_loan"),
    create=True,
    update=True,
    delete=True,
    filters=("author", "editor", "title", "state", "price", "currency", "pages", "printed_at", "last_loan"),
    order=("title", "price", "pages", "printed_at"),
    search=("title",),
    children=(Children("subjects", models.Subject, "book"),),
    actions=(Action("print", services.print_book),),
    currencies={"price": "currency"},
)
SUBJECT = Resource(model=models.Subject, fields=("word", "book"), writable=("word", "book"), create=True, filters=("word",))
TOTALS = Report(name="authorTotals", selector=selectors.totals, permission="library.totals_view")
