"""What a reader is told of changes: each once, as it is now, and nothing of what was never in sight."""

import pytest
from django.db import connections
from django.test.utils import CaptureQueriesContext

from tessera.changes.tests.reader import ASK, Reader, gone, reader_of, saved, unique
from tessera.context import ANONYMOUS, Reach
from tessera.fields import new_id
from tessera.graph.ids import decode
from tessera.testing.asking import ask, codes
from tessera.testing.plugin import entered
from tests.samples.library.models import Author, Book, Subject

AUTHORS, BOOKS = "library.author_view", "library.book_view"


def test_creates_updates_and_deletes_are_told_once_and_in_order(tenant, write):
    bob = Reader(tenant, reader_of(AUTHORS))
    assert bob.told() == []
    ann, cid = write(lambda: (saved(Author(name=unique("Ann"))), saved(Author(name=unique("Cid")))))
    assert bob.told() == [("Author", "CREATED", ann.pk), ("Author", "CREATED", cid.pk)]
    write(lambda: saved(ann, name=unique("Anna")))
    key = write(lambda: gone(cid))
    assert bob.told() == [("Author", "UPDATED", ann.pk), ("Author", "DELETED", key)]
    assert bob.told() == []


def test_a_page_goes_on_where_the_one_before_ended(tenant, write):
    bob = Reader(tenant, reader_of(AUTHORS))
    start = bob.cursor
    made = [write(lambda n=n: saved(Author(name=unique(f"Author {n}")))) for n in range(5)]
    wanted = [("Author", "CREATED", each.pk) for each in made]
    first = bob.more(2)
    write(lambda: saved(made[0], name=unique("Changed meanwhile")))
    assert [len(first["items"]), first["hasMore"]] == [2, True]
    assert bob.told(2) == [*wanted[2:], ("Author", "UPDATED", made[0].pk)]
    assert bob.told(2) == []
    bob.cursor = first["items"][0]["cursor"]
    assert bob.told() == [*wanted[1:], ("Author", "UPDATED", made[0].pk)]
    bob.cursor = start
    assert bob.told() == [*wanted, ("Author", "UPDATED", made[0].pk)]


def test_a_record_that_was_changed_often_is_told_once(tenant, write):
    bob = Reader(tenant, reader_of(AUTHORS))
    ann = write(lambda: saved(Author(name=unique("Ann"))))
    assert len(bob.told()) == 1
    for name in ("Anna", "Anne", "Ann"):
        write(lambda name=name: saved(ann, name=unique(name)))
    assert bob.told() == [("Author", "UPDATED", ann.pk)]


def test_what_came_and_went_in_between_is_told_as_gone_at_most(tenant, write):
    bob = Reader(tenant, reader_of(AUTHORS))
    ann = write(lambda: saved(Author(name=unique("Ann"))))
    write(lambda: saved(ann, name=unique("Anna")))
    key = write(lambda: gone(ann))
    assert bob.told() == [("Author", "DELETED", key)]


def test_what_leaves_the_readers_scope_is_removed_and_what_enters_is_created(tenant, write):
    ada, bob, unit = new_id(), new_id(), new_id()
    own = Reach(own=True)
    hers, his = (Reader(tenant, reader_of(AUTHORS, reach=own, member=each)) for each in (ada, bob))
    units = Reader(tenant, reader_of(AUTHORS, reach=Reach(own=True, units=frozenset({unit}))))
    ann = write(lambda: saved(Author(name=unique("Ann"), owner=ada, unit=unit)))
    assert (hers.told(), his.told()) == ([("Author", "CREATED", ann.pk)], [])
    write(lambda: saved(ann, owner=bob))
    assert (hers.told(), his.told()) == ([("Author", "REMOVED", ann.pk)], [("Author", "CREATED", ann.pk)])
    write(lambda: saved(ann, name=unique("Anna"), unit=None))
    assert (hers.told(), his.told()) == ([], [("Author", "UPDATED", ann.pk)])
    assert units.told() == [("Author", "REMOVED", ann.pk)]
    key = write(lambda: gone(ann))
    assert (hers.told(), his.told(), units.told()) == ([], [("Author", "DELETED", key)], [])


def test_what_was_never_in_sight_is_never_told(tenant, write):
    eve = Reader(tenant, reader_of(AUTHORS, reach=Reach(own=True)))
    ann = write(lambda: saved(Author(name=unique("Ann"), owner=new_id(), unit=new_id(), company=new_id())))
    write(lambda: saved(ann, owner=new_id()))
    write(lambda: saved(ann, unit=new_id(), company=None))
    write(lambda: gone(ann))
    assert eve.told() == []


def test_only_types_that_the_reader_may_view_are_followed(tenant, write):
    bob = Reader(tenant, reader_of(AUTHORS))
    both = Reader(tenant, reader_of(AUTHORS, BOOKS), types=["Book", "StockMove", "NoSuchType"])
    ann = write(lambda: saved(Author(name=unique("Ann"))))
    book = write(lambda: saved(Book(author=ann, title="Alpha")))
    assert bob.told() == [("Author", "CREATED", ann.pk)]
    assert both.told() == [("Book", "CREATED", book.pk)]
    assert (bob.more()["types"], both.more()["types"]) == (["Author"], ["Book"])


def test_what_cascades_is_told_as_well(tenant, write):
    bob = Reader(tenant, reader_of(BOOKS, "library.subject_view"))
    ann = write(lambda: saved(Author(name=unique("Ann"))))
    book = write(lambda: saved(Book(author=ann, title="Alpha")))
    subject = write(lambda: saved(Subject(book=book, word="sea")))
    assert len(bob.told()) == 2
    key = write(lambda: gone(book))
    assert sorted(bob.told()) == [("Book", "DELETED", key), ("Subject", "DELETED", subject.pk)]


def test_writes_in_bulk_are_told(tenant, write):
    bob = Reader(tenant, reader_of(AUTHORS))
    made = write(lambda: Author.objects.bulk_create([Author(name=unique(f"Author {n}")) for n in range(3)]))
    assert bob.told() == [("Author", "CREATED", each.pk) for each in made]
    write(lambda: Author.objects.filter(pk__in=[each.pk for each in made]).update(kind=Author.Kind.PEN_NAME))
    assert bob.told() == [("Author", "UPDATED", each.pk) for each in sorted(made, key=lambda each: each.pk)]


def test_a_unit_that_is_undone_tells_nothing(tenant, write):
    bob = Reader(tenant, reader_of(AUTHORS))

    def fail():
        saved(Author(name=unique("Ann")))
        raise LookupError

    with pytest.raises(LookupError):
        write(fail)
    assert bob.told() == []


def test_a_page_costs_one_statement_and_one_for_each_type_in_it(tenant, write):
    bob = Reader(tenant, reader_of(AUTHORS, BOOKS))
    ann = write(lambda: saved(Author(name=unique("Ann"))))
    write(lambda: [saved(Book(author=ann, title=f"Book {n}")) for n in range(20)])
    with entered(tenant, actor=bob.actor):
        ask("{ __typename }")
        with CaptureQueriesContext(connections["default"]) as sent:
            body = ask(ASK, since=bob.cursor, first=50)
    assert len(body["data"]["changes"]["items"]) == 21
    assert len([each for each in sent.captured_queries if not each["sql"].startswith("SET ")]) == 3


def test_a_cursor_is_good_for_its_reader_in_its_company_only(tenant, other_tenant, write):
    bob = Reader(tenant, reader_of(AUTHORS))
    ann = write(lambda: saved(Author(name=unique("Ann"))))
    for where, actor, cursor in (
        (tenant, reader_of(AUTHORS), bob.cursor),
        (other_tenant, bob.actor, bob.cursor),
        (tenant, bob.actor, bob.cursor[:-1] + ("A" if bob.cursor[-1] != "A" else "B")),
        (tenant, bob.actor, "nonsense"),
    ):
        with entered(where, actor=actor):
            assert codes(ask(ASK, since=cursor)) == ["BAD_CURSOR"]
    with entered(tenant, actor=ANONYMOUS):
        assert codes(ask(ASK)) == ["UNAUTHENTICATED"]
    with entered(tenant, actor=bob.actor):
        assert [codes(ask(ASK, first=first)) for first in (0, 251)] == [["BAD_INPUT"]] * 2
    assert bob.told() == [("Author", "CREATED", ann.pk)]


def test_ids_are_those_of_the_lists(tenant, write):
    bob = Reader(tenant, reader_of(AUTHORS))
    ann = write(lambda: saved(Author(name=unique("Ann"))))
    (item,) = bob.more()["items"]
    assert decode(item["id"])[0] == "Author"
    with entered(tenant, actor=bob.actor):
        assert ask("query ($id: ID!) { author(id: $id) { name } }", id=item["id"])["data"] == {"author": {"name": ann.name}}
