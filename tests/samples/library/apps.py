"""A library: shelves, books, and loans that another module keeps."""

from tessera.module import Module, Permission


class Library(Module):
    name, label, title, version = "tests.samples.library", "library", "Library", "1.0"
    permissions = (
        Permission("library.book_print", "Print books"),
        Permission("library.author_commission", "Commission books"),
        Permission("library.author_advance", "See advances"),
        Permission("library.totals_view", "See totals"),
    )
