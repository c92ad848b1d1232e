"""When a cursor leads nowhere any more, and the reader is told to read everything again."""

from datetime import timedelta

import pytest
import time_machine
from django.db import connections
from django.utils import timezone

from tessera.changes.tests.reader import Reader, reader_of, saved, unique
from tessera.context import Actor, Reach, system
from tessera.db.roles import as_owner
from tessera.fields import new_id
from tessera.installation.models import InstalledModule
from tessera.module import modules
from tessera.testing.plugin import entered
from tests.samples.library.models import Author

AUTHORS, BOOKS = "library.author_view", "library.book_view"
WITHOUT_LIBRARY = frozenset(modules()) - {"library", "lending"}


def again(reader, first=50):
    """Say that the reader is told to read everything again, and can go on afterwards."""
    answer = reader.more(first)
    assert not (answer["resyncRequired"] and answer["items"])
    return answer["resyncRequired"]


@pytest.mark.parametrize(
    "grants",
    [
        {},
        {AUTHORS: Reach(own=True)},
        {AUTHORS: Reach(everything=True), BOOKS: Reach(everything=True)},
        {AUTHORS: Reach(everything=True), "library.author_advance": Reach(everything=True)},
    ],
    ids=["right taken", "reach narrowed", "right given", "right to a field given"],
)
def test_other_rights_ask_for_everything_again(tenant, write, grants):
    bob = Reader(tenant, reader_of(AUTHORS))
    eve = Reader(tenant, reader_of(AUTHORS))
    ann = write(lambda: saved(Author(name=unique("Ann"))))
    bob.actor = Actor(kind="member", member_id=bob.actor.member_id, name="bob", grants=grants)
    assert again(bob)
    assert not again(bob)
    assert eve.told() == [("Author", "CREATED", ann.pk)]


def test_another_reach_over_units_asks_for_everything_again(tenant):
    units = [frozenset({new_id()}), frozenset({new_id()})]
    bob = Reader(tenant, reader_of(AUTHORS, reach=Reach(units=units[0])))
    bob.actor = reader_of(AUTHORS, reach=Reach(units=units[0]), member=bob.actor.member_id)
    assert not again(bob)
    bob.actor = reader_of(AUTHORS, reach=Reach(units=units[1]), member=bob.actor.member_id)
    assert again(bob)


def test_other_types_ask_for_everything_again(tenant):
    bob = Reader(tenant, reader_of(AUTHORS, BOOKS), types=["Author"])
    bob.types = ["Book", "Author"]
    assert again(bob)
    bob.types = ["Author", "Book"]
    assert not again(bob)
    bob.types = None
    assert again(bob)


def test_a_cursor_that_is_too_old_asks_for_everything_again(tenant, write, settings):
    bob = Reader(tenant, reader_of(AUTHORS))
    ann = write(lambda: saved(Author(name=unique("Ann"))))
    kept = timedelta(days=settings.TESSERA_CHANGES_KEPT_DAYS)
    start = bob.cursor
    with time_machine.travel(timezone.now() + kept - timedelta(minutes=1)):
        assert bob.told() == [("Author", "CREATED", ann.pk)]
    bob.cursor = start
    with time_machine.travel(timezone.now() + kept + timedelta(minutes=1)):
        assert again(bob)


def test_a_module_that_is_off_does_not_appear_and_goes_on_when_it_is_on_again(tenant, write):
    bob = Reader(tenant, reader_of(AUTHORS, "base.company_view"))
    bob.modules = WITHOUT_LIBRARY
    assert bob.told() == []
    assert bob.more()["types"] == ["Company"]
    bob.modules = None
    assert bob.told() == []
    ann = write(lambda: saved(Author(name=unique("Ann"))))
    assert bob.told() == [("Author", "CREATED", ann.pk)]


def test_what_was_passed_over_while_a_module_was_off_asks_for_everything_again(tenant, write):
    bob = Reader(tenant, reader_of(AUTHORS, "base.company_view"))
    write(lambda: saved(Author(name=unique("Ann"))))
    bob.modules = WITHOUT_LIBRARY
    assert bob.told() == []
    bob.modules = None
    assert again(bob)
    assert not again(bob)


def test_a_module_that_was_off_at_first_asks_for_everything_again(tenant):
    bob = Reader(tenant, reader_of(AUTHORS), modules=WITHOUT_LIBRARY)
    bob.modules = None
    assert again(bob)


def test_a_module_that_was_taken_out_for_good_asks_for_everything_again_once_it_is_back(tenant, write):
    bob = Reader(tenant, reader_of(AUTHORS))
    with entered(tenant, actor=system("test")):
        row = InstalledModule.objects.get(label="library")
    write(row.delete)
    bob.modules = WITHOUT_LIBRARY
    assert bob.told() == []
    bob.modules = None
    assert again(bob)
    gone = Reader(tenant, reader_of(AUTHORS))
    write(lambda: InstalledModule(label="library", module_version="1", state="on").save())
    assert not again(gone)


def test_a_restored_table_has_another_epoch(tenant, write):
    """As a dump is restored: the table is made anew, and its rows are put in with the transactions they had."""
    bob = Reader(tenant, reader_of(AUTHORS))
    before = bob.more()["epoch"]
    write(lambda: saved(Author(name=unique("Ann"))))
    with entered(tenant, actor=system("test")), connections["default"].cursor() as cursor, as_owner():
        cursor.execute("CREATE TABLE restored (LIKE audit_auditentry INCLUDING ALL)")
        cursor.execute("INSERT INTO restored SELECT * FROM audit_auditentry")
        cursor.execute("DROP TABLE audit_auditentry")
        cursor.execute("ALTER TABLE restored RENAME TO audit_auditentry")
    answer = bob.more()
    assert answer["resyncRequired"] and answer["epoch"] != before
    cid = write(lambda: saved(Author(name=unique("Cid"))))
    assert bob.told() == [("Author", "CREATED", cid.pk)]


def test_transactions_of_another_cluster_are_not_taken_for_new_ones(tenant, write):
    """What a dump brings along was written by transactions that have not been here yet."""
    bob = Reader(tenant, reader_of(AUTHORS))
    ann = write(lambda: saved(Author(name=unique("Ann"))))
    with entered(tenant, actor=system("test")), connections["default"].cursor() as cursor:
        cursor.execute("UPDATE audit_auditentry SET transaction = '999999999999'::xid8 WHERE record = %s", [ann.pk])
    assert bob.told() == []
    assert bob.told() == []
