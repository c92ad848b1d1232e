"""What comes into sight or leaves it with something else: what hangs on a record, and what is reached along keys."""

import pytest

from modules.base.models import Address, Party, PartyRole
from modules.base.tests.factories import make_company
from tessera.changes import judging
from tessera.changes.tests.reader import Reader, gone, reader_of, saved
from tessera.context import Reach
from tessera.fields import new_id
from tessera.notes.services import add_comment

VIEW = ("base.party_view", "base.party_role_view", "base.address_view", "notes.comment_view")
TYPES = ["Party", "PartyRole", "Address", "Comment"]
OWN = Reach(own=True)


@pytest.fixture
def ada():
    return new_id()


@pytest.fixture
def hers(tenant, ada):
    """Return ada, who sees what is her own."""
    return Reader(tenant, reader_of(*VIEW, reach=OWN, member=ada), TYPES)


def party_of(owner, name="Alfreds"):
    """Make a party with an address, and a comment on it."""
    party = saved(Party(name=name, kind="organisation", code=new_id().hex[-12:], owner=owner))
    address = saved(Address(party=party, street="Obere Str. 57", city="Berlin", country="DE"))
    return party, address, add_comment(label="base.Party", record=party.pk, body="A good one")


def operations(told):
    return sorted((kind, op, key) for kind, op, key in told)


def test_what_hangs_on_a_record_comes_and_goes_with_it(hers, ada, write):
    party, address, comment = write(lambda: party_of(new_id()))
    assert hers.told() == []
    write(lambda: saved(party, owner=ada))
    rows = (("Address", address.pk), ("Comment", comment.pk), ("Party", party.pk))
    assert operations(hers.told()) == [(kind, "CREATED", key) for kind, key in rows]
    write(lambda: saved(party, owner=new_id()))
    assert operations(hers.told()) == [(kind, "REMOVED", key) for kind, key in rows]
    write(lambda: saved(address, city="Bern"))
    assert hers.told() == []


def test_who_sees_everything_is_not_told_of_changes_of_owner_twice(tenant, ada, write):
    everything = Reader(tenant, reader_of(*VIEW), TYPES)
    party, _address, _comment = write(lambda: party_of(ada))
    assert len(everything.told()) == 3
    write(lambda: saved(party, owner=new_id()))
    assert everything.told() == [("Party", "UPDATED", party.pk)]


def test_a_part_that_is_deleted_is_told_to_who_sees_the_whole(hers, ada, write):
    _party, address, _comment = write(lambda: party_of(ada))
    _other, hidden, _note = write(lambda: party_of(new_id(), "Bottom"))
    assert len(hers.told()) == 3
    keys = write(lambda: (gone(hidden), gone(address)))
    assert hers.told() == [("Address", "DELETED", keys[1])]


def test_a_whole_that_is_deleted_is_told_with_its_parts_as_far_as_they_were_in_sight(tenant, hers, ada, write):
    everything = Reader(tenant, reader_of(*VIEW), TYPES)
    party, address, comment = write(lambda: party_of(ada))
    assert (len(hers.told()), len(everything.told())) == (3, 3)
    address_key = address.pk
    key = write(lambda: gone(party))
    assert ("Party", "DELETED", key) in hers.told()
    assert operations(everything.told()) == [
        ("Address", "DELETED", address_key),
        ("Comment", "DELETED", comment.pk),
        ("Party", "DELETED", key),
    ]


def test_what_is_reached_through_many_rows_comes_with_the_first_and_goes_with_the_last(tenant, write):
    here, there = write(lambda: (make_company(new_id().hex[-12:]), make_company(new_id().hex[-12:])))
    reach = Reach(companies=frozenset({here.pk}))
    bob = Reader(tenant, reader_of(*VIEW, reach=reach), TYPES)
    party, address, comment = write(lambda: party_of(None))
    elsewhere = write(lambda: saved(PartyRole(party=party, company=there, role="customer")))
    assert bob.told() == []
    role = write(lambda: saved(PartyRole(party=party, company=here, role="customer")))
    rows = (("Address", address.pk), ("Comment", comment.pk), ("Party", party.pk))
    assert operations(bob.told()) == sorted([*((k, "CREATED", key) for k, key in rows), ("PartyRole", "CREATED", role.pk)])
    second = write(lambda: saved(PartyRole(party=party, company=here, role="supplier")))
    assert [each for each in bob.told() if each[0] == "PartyRole"] == [("PartyRole", "CREATED", second.pk)]
    write(lambda: gone(elsewhere))
    assert bob.told() == []
    key = write(lambda: gone(role))
    assert operations(bob.told()) == [("PartyRole", "DELETED", key)]
    key = write(lambda: gone(second))
    assert operations(bob.told()) == sorted([*((k, "REMOVED", each) for k, each in rows), ("PartyRole", "DELETED", key)])


def test_only_the_last_of_what_one_write_brings_leads_behind_it(hers, ada, write):
    party, _address, _comment = write(lambda: party_of(new_id()))
    write(lambda: saved(party, owner=ada))
    items = hers.more()["items"]
    assert len(items) == 3
    for item in items[:-1]:
        again = hers.ask(item["cursor"])["items"]  # their cursors are of another moment
        assert [each | {"cursor": ""} for each in again] == [each | {"cursor": ""} for each in items]
    assert hers.ask(items[-1]["cursor"])["items"] == []


def test_more_than_one_can_take_in_asks_for_everything_again(hers, ada, write, monkeypatch):
    monkeypatch.setattr(judging, "MOST_DRAWN", 1)
    party, _address, _comment = write(lambda: party_of(new_id()))
    write(lambda: saved(party, owner=ada))
    answer = hers.more()
    assert (answer["resyncRequired"], answer["items"]) == (True, [])
    assert hers.told() == []


def test_what_was_made_after_the_record_had_left_is_never_told(hers, ada, write):
    party, address, comment = write(lambda: party_of(ada))
    hers.told()
    write(lambda: saved(party, owner=new_id()))
    write(lambda: saved(Address(party=party, street="Later", city="Bern", country="CH")))
    write(lambda: add_comment(label="base.Party", record=party.pk, body="Nothing for her"))
    rows = (("Address", address.pk), ("Comment", comment.pk), ("Party", party.pk))
    assert operations(hers.told()) == [(kind, "REMOVED", key) for kind, key in rows]


def test_what_was_deleted_before_the_record_came_is_never_told(hers, ada, write):
    party, address, comment = write(lambda: party_of(new_id()))
    write(lambda: (gone(address), gone(comment)))
    write(lambda: saved(party, owner=ada))
    assert hers.told() == [("Party", "CREATED", party.pk)]


def test_what_was_deleted_before_the_record_left_is_told(hers, ada, write):
    party, address, comment = write(lambda: party_of(ada))
    note = write(lambda: add_comment(label="base.Party", record=party.pk, body="For a moment"))
    hers.told()
    note_key = write(lambda: gone(note))
    assert hers.told() == [("Comment", "DELETED", note_key)]
    key = write(lambda: gone(address))
    write(lambda: saved(party, owner=new_id()))
    found = operations(hers.told())
    assert found == [("Address", "DELETED", key), ("Comment", "REMOVED", comment.pk), ("Party", "REMOVED", party.pk)]


def test_what_was_deleted_before_a_role_made_it_seen_is_never_told(tenant, write):
    here = write(lambda: make_company(new_id().hex[-12:]))
    bob = Reader(tenant, reader_of(*VIEW, reach=Reach(companies=frozenset({here.pk}))), TYPES)
    party, address, _comment = write(lambda: party_of(None))
    kept = write(lambda: saved(Address(party=party, street="Kept", city="Bern", country="CH")))
    write(lambda: gone(address))
    write(lambda: saved(PartyRole(party=party, company=here, role="customer")))
    told = bob.told()
    assert [key for kind, _op, key in told if kind == "Address"] == [kept.pk]
    key = write(lambda: gone(kept))
    assert bob.told() == [("Address", "DELETED", key)]
