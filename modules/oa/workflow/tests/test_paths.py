"""A process holds what it applies to on every path, from the moment it is in force, and never opens by a fault."""

from dataclasses import dataclass
from decimal import Decimal

import pytest
from tessera.access.services import assign_role
from tessera.access.tests.people import make_role
from tessera.context import acting, system
from tessera.errors import Refused
from tessera.exchange import importer as importers
from tessera.exchange.importer import Importer
from tessera.exchange.services import import_rows
from tessera.gates import GATES, Answer, gate
from tessera.graph.ids import encode
from tessera.lineage.models import TransitionHold
from tessera.service import SERVICES, service
from tessera.testing.asking import ask
from tessera.testing.plugin import entered
from tessera.unit_of_work import unit_of_work

from modules.oa.workflow.models import ProcessInstance
from modules.oa.workflow.services import approve_task
from modules.oa.workflow.steps import ProcessStep
from modules.oa.workflow.tests.cast import being, process, request, task_of
from tests.samples.library.models import Author, Book
from tests.samples.library.services import print_book


def by_api(cast):
    assign_role(member=cast.bob, role=make_role("readers", library__book_view="all"))
    with being(cast.bob):
        body = ask(
            "mutation ($id: ID!) { bookPrint(id: $id, input: {pages: 10}) { node { id } userErrors { code } } }",
            id=encode("Book", cast.book.pk),
        )
    assert body["data"]["bookPrint"]["userErrors"] == []


def by_service(cast):
    with being(cast.bob):
        print_book(book=cast.book, pages=10)


def by_handler(cast):
    with acting(system("a handler")), unit_of_work():  # as a delivery runs its handler
        print_book(book=cast.book, pages=10)


def by_job(cast):
    with acting(system("a job")):
        print_book(book=cast.book, pages=10)


@dataclass(frozen=True, kw_only=True)
class PrintRow:
    """A book to be printed, by its title."""

    title: str


@service(permission="library.book_print")
def import_printing(*, title: str) -> Book:
    """Print what a row names."""
    return print_book(book=Book.objects.get(title=title), pages=10)


SERVICES.pop(import_printing.path)  # it is of this file alone


def by_import(cast):
    made = Importer("printings", row=PrintRow, service=import_printing, permission="library.book_print")
    try:
        with acting(system("an import")):
            run = import_rows(importer="printings", data=f"title\n{cast.book.title}\n")
    finally:
        importers.IMPORTERS.pop(made.name)
    assert run.problems == []


@service(permission="library.book_print")
def write_and_print(*, title: str) -> Book:
    """Write a book and print it at once."""
    author = Author(name=title)
    author.save()
    book = Book(author=author, title=title, price="1")
    book.save()
    return print_book(book=book, pages=1)


SERVICES.pop(write_and_print.path)
PATHS = [by_api, by_service, by_handler, by_job, by_import]


@pytest.mark.parametrize("path", PATHS)
def test_a_document_is_held_on_every_path(cast, path):
    process(ProcessStep(members=[cast.cyd.pk]))
    path(cast)
    cast.book.refresh_from_db()
    assert (cast.book.state, cast.book.pages) == ("draft", None)
    hold = TransitionHold.objects.get()
    assert (hold.state, hold.document, request().state) == ("waiting", cast.book.pk, "running")


@pytest.mark.parametrize("path", PATHS)
def test_a_gate_that_cannot_be_asked_lets_nothing_through(cast, path):
    def broken(transition):
        raise RuntimeError("the gate is broken")

    made = gate(ask=broken, hold=lambda hold, transition: None)
    try:
        with pytest.raises((RuntimeError, AssertionError, TypeError)):
            path(cast)
    finally:
        GATES.remove(made)
    cast.book.refresh_from_db()
    assert (cast.book.state, cast.book.pages) == ("draft", None)


def test_what_is_made_and_moved_on_at_once_is_refused_where_it_needs_approval(cast):
    process(ProcessStep(members=[cast.cyd.pk]))
    with being(cast.bob), pytest.raises(Refused) as refusal:
        write_and_print(title="Storms")
    assert (refusal.value.problems[0].code, refusal.value.problems[0].field) == ("STATE", ("state",))
    assert not Book.objects.filter(title="Storms").exists() and not TransitionHold.objects.exists()


def test_what_was_done_before_workflow_is_on_stays_done(cast, tenant, inside):
    """Switched on late, it holds from now on, and nothing in retrospect."""
    done, later = cast.book, cast.make_book("Storms", "12.00")
    with entered(tenant, actor=inside.actor, modules=inside.modules - {"workflow"}):
        print_book(book=done, pages=10)
    process(ProcessStep(members=[cast.cyd.pk]))
    with being(cast.bob):
        print_book(book=later, pages=10)
    done.refresh_from_db()
    later.refresh_from_db()
    assert (done.state, later.state) == ("printed", "draft")
    assert ProcessInstance.objects.get().document == later.pk


def test_an_approval_of_one_revision_does_not_stand_for_the_next(cast):
    """The price is changed after the approval and before the transition is tried again."""
    process(ProcessStep(members=[cast.cyd.pk]))
    made = gate(ask=lambda transition: Answer.NOT_CONCERNED, hold=lambda hold, transition: None)
    by_service(cast)
    with unit_of_work():
        Book.objects.filter(pk=cast.book.pk).update(price=Decimal("99.00"))
    with being(cast.cyd):
        approve_task(task=task_of(cast.cyd))
    GATES.remove(made)
    cast.book.refresh_from_db()
    assert (cast.book.state, request().state) == ("draft", "void")


def test_without_a_process_the_owners_right_decides(cast):
    from tessera.machine import move

    @service(permission="library.book_print")
    def print_beyond_the_limit(*, book: Book) -> Book:
        """Print what is beyond a limit of the owner."""
        move(book, Book.State.PRINTED, exceeds="library.author_commission")
        return book

    try:
        with being(cast.bob), pytest.raises(Refused) as refusal:
            print_beyond_the_limit(book=cast.book)
        assert (refusal.value.problems[0].code, refusal.value.problems[0].field) == ("LIMIT", ("state",))
        process(ProcessStep(members=[cast.cyd.pk]))
        with being(cast.bob):
            assert print_beyond_the_limit(book=Book.objects.get()).state == "draft"
        assert TransitionHold.objects.get().state == "waiting"
    finally:
        SERVICES.pop(print_beyond_the_limit.path)
