"""Devices that were offline come to the same records as the server, and nothing is lost that nobody decided against."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sync_client.api import Api, Offline
from sync_client.device import Device
from sync_client.kinds import ADDRESS, KINDS, PARTY
from sync_client.merging import Clash, merge
from sync_client.store import LOCAL, Store

DEVICES = 3
ROUNDS = 12


class Shaky(Api):
    """A line that breaks once: after so many requests the next one gets no answer, whether it arrives or not."""

    breaks_after, arrives = -1, True

    def ask(self, document, **variables):
        self.breaks_after -= 1
        if self.breaks_after != -1:
            return super().ask(document, **variables)
        if self.arrives:
            super().ask(document, **variables)
        raise Offline("the line broke")


@pytest.fixture
def devices(served):
    return new_devices(served)


def new_devices(served):
    found = [Device(Shaky(served.url, served.token, served.host), Store()) for _ in range(DEVICES)]
    for device in found:
        device.sync()
    return found


def made(device, name="Alfreds", **values):
    """Make a party on a device that has a line; return its id."""
    device.create(PARTY, name=name, **values)
    device.sync()
    return device.store.records(PARTY.type)[-1].id


def test_fields_that_were_written_on_different_devices_both_stay(devices):
    first, second, _ = devices
    party = made(first)
    second.sync()
    first.edit(party, note="Pays late")
    second.edit(party, legalName="Alfreds Futterkiste")
    for device in (first, second, first):
        device.sync()
    for device in (first, second):
        shown = device.shown(PARTY)[party]
        assert (shown["note"], shown["legalName"]) == ("Pays late", "Alfreds Futterkiste")
        assert device.store.conflicts() == []


@pytest.mark.parametrize("mine", [True, False])
def test_a_field_that_was_written_on_both_is_for_a_person_to_decide(devices, mine):
    first, second, _ = devices
    party = made(first, note="as it was")
    second.sync()
    first.edit(party, note="first")
    second.edit(party, note="second")
    first.sync()
    second.sync()
    (conflict,) = second.store.conflicts()
    assert (conflict.field, conflict.base, conflict.mine, conflict.theirs) == ("note", "as it was", "second", "first")
    assert second.shown(PARTY)[party]["note"] == "first"
    second.decide(conflict, mine=mine)
    second.sync()
    first.sync()
    assert {device.shown(PARTY)[party]["note"] for device in (first, second)} == {"second" if mine else "first"}
    assert second.store.conflicts() == []


def test_what_is_made_offline_gets_its_id_wherever_it_is_named(devices):
    first, second, _ = devices
    party = first.create(PARTY, name="Blauer See")
    address = first.create(ADDRESS, party=party, city="Mannheim")
    assert party.startswith(LOCAL) and address.startswith(LOCAL)
    first.sync()
    second.sync()
    (found,) = [each for each in second.store.records(ADDRESS.type) if each.base["city"] == "Mannheim"]
    assert second.record(found.base["party"]).base["name"] == "Blauer See"
    assert not any(each.id.startswith(LOCAL) for each in first.store.records())


@pytest.mark.parametrize("mine", [True, False])
def test_what_was_changed_here_and_deleted_there_is_for_a_person_to_decide(devices, mine):
    first, second, _ = devices
    party = made(first)
    first.create(ADDRESS, party=party, city="Bern")
    first.sync()
    second.sync()
    address = first.store.records(ADDRESS.type)[-1].id
    first.delete(address)
    second.edit(address, street="Hauptstr. 29")
    first.sync()
    second.sync()
    (conflict,) = second.store.conflicts()
    assert (conflict.field, conflict.mine, conflict.theirs) == ("", {"street": "Hauptstr. 29"}, None)
    second.decide(conflict, mine=mine)
    second.sync()
    first.sync()
    streets = [each["street"] for each in first.shown(ADDRESS).values() if each["party"] == party]
    assert streets == (["Hauptstr. 29"] if mine else [])
    assert first.shown(ADDRESS) == second.shown(ADDRESS)


def test_what_was_deleted_here_and_changed_there_is_for_a_person_to_decide(devices):
    first, second, _ = devices
    party = made(first)
    first.create(ADDRESS, party=party, city="Bern")
    first.sync()
    second.sync()
    address = first.store.records(ADDRESS.type)[-1].id
    first.edit(address, city="Basel")
    second.delete(address)
    first.sync()
    second.sync()
    (conflict,) = second.store.conflicts()
    assert (conflict.field, conflict.theirs["city"]) == ("", "Basel")
    second.decide(conflict, mine=True)
    second.sync()
    first.sync()
    assert address not in first.shown(ADDRESS) and address not in second.shown(ADDRESS)


def test_what_the_server_refuses_waits_with_the_reason(devices):
    first = devices[0]
    party = made(first)
    first.edit(party, name="")
    first.sync()
    (conflict,) = first.store.conflicts()
    assert conflict.mine == {"name": ""} and conflict.why
    first.sync()
    assert len(first.store.conflicts()) == 1
    first.decide(conflict, mine=False)
    assert first.shown(PARTY)[party]["name"] == "Alfreds"
    first.sync()
    assert first.store.conflicts() == []


@pytest.mark.parametrize("arrives", [True, False])
def test_a_write_whose_answer_was_lost_is_sent_again_and_made_once(devices, arrives):
    first, second, _ = devices
    before = len(second.shown(PARTY))
    first.create(PARTY, name="Once")
    first.api.breaks_after, first.api.arrives = 0, arrives
    with pytest.raises(Offline):
        first.sync()
    first.sync()
    second.sync()
    assert [each["name"] for each in list(second.shown(PARTY).values())[before:]] == ["Once"]
    assert first.shown(PARTY) == second.shown(PARTY)


def test_a_store_is_kept_in_a_file(served, tmp_path):
    path = str(tmp_path / "device.sqlite")
    device = Device(Api(served.url, served.token, served.host), Store(path))
    device.sync()
    party = device.create(PARTY, name="Kept")
    again = Device(device.api, Store(path))
    assert again.shown(PARTY)[party] == {"name": "Kept"}
    assert again.store.cursor == device.store.cursor


def test_three_versions_become_one():
    base = {"a": 1, "b": 1, "c": 1, "d": 1}
    standing, clashes = merge(base, {"a": 2, "b": 2, "c": 3}, {"a": 1, "b": 2, "c": 2, "d": 2})
    assert (standing, clashes) == ({"a": 2}, [Clash("c", 1, 3, 2)])


device_number = st.integers(0, DEVICES - 1)
places = st.integers(0, 3)
words = st.sampled_from(["red", "green", "blue"])
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("create"), device_number, places),
        st.tuples(st.just("edit"), device_number, places, st.sampled_from(["note", "legalName"]), words),
        st.tuples(st.just("edit address"), device_number, places, st.sampled_from(["street", "city"]), words),
        st.tuples(st.just("delete"), device_number, places),
        st.tuples(st.just("sync"), device_number),
        st.tuples(st.just("break"), device_number, st.integers(0, 8), st.booleans()),
        st.tuples(st.just("decide"), device_number, st.booleans()),
    ),
    min_size=5,
    max_size=25,
)


class Play:
    """Three devices, each with the records of one example; `names` are those of the parties that were made."""

    def __init__(self, served):
        self.devices = new_devices(served)
        self.old = {record.id for record in self.devices[0].store.records()}
        self.names = []

    def at(self, device, kind, place):
        """Return one of the records of this example that a device shows, if it has any."""
        found = [each for each in device.store.records(kind.type) if each.id not in self.old and not each.doomed]
        return found[place % len(found)].id if found else None

    def do(self, step, number, *rest):
        device = self.devices[number]
        if step == "create":
            self.create(device, *rest)
        elif step in ("edit", "edit address"):
            place, field, word = rest
            if id := self.at(device, PARTY if step == "edit" else ADDRESS, place):
                device.edit(id, **{field: word})
        elif step == "delete":
            if id := self.at(device, ADDRESS, *rest):
                device.delete(id)
        elif step == "break":
            device.api.breaks_after, device.api.arrives = rest
        elif step == "decide":
            for conflict in device.store.conflicts()[:1]:
                device.decide(conflict, mine=rest[0])
        else:
            self.sync(device)

    def create(self, device, place):
        party = self.at(device, PARTY, place) if place else None
        if party is None:
            self.names.append(f"Party {len(self.names)}")
            party = device.create(PARTY, name=self.names[-1])
        device.create(ADDRESS, party=party, city="Bern", street=f"{len(device.store.records(ADDRESS.type))}")

    def sync(self, device):
        try:
            device.sync()
        except Offline:
            pass  # as it is in a tunnel; the next time goes on from there

    def settle(self, mine):
        """Let all sync and people decide until nothing waits any more."""
        for _ in range(ROUNDS):
            for device in self.devices:
                device.api.breaks_after = -1
                device.sync()
                for conflict in device.store.conflicts():
                    device.decide(conflict, mine=mine)
            if not any(record.waits for device in self.devices for record in device.store.records()):
                break
        for device in self.devices:
            device.sync()


@pytest.mark.safety
def test_three_devices_converge(served, count):
    examples = count("examples", 8, 400)

    @settings(max_examples=examples, suppress_health_check=list(HealthCheck))
    @given(steps=STEPS, mine=st.booleans())
    def converge(steps, mine):
        play = Play(served)
        for step in steps:
            play.do(*step)
        play.settle(mine)
        api = Api(served.url, served.token, served.host)
        for kind in KINDS:
            there = {node["id"]: kind.values(node) for node in api.everything(kind)}
            for device in play.devices:
                assert device.shown(kind) == there
                assert device.store.conflicts() == []
        names = [party["name"] for id, party in play.devices[0].shown(PARTY).items() if id not in play.old]
        assert sorted(names) == sorted(play.names)

    converge()
