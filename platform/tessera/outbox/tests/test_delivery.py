"""Facts reach each handler once, in order per subject, and only where its module is on."""

from collections.abc import Iterator
from uuid import UUID

import pytest
from django.db import connections
from django.utils import timezone

from tessera import events as registry
from tessera.context import acting, current
from tessera.errors import Forbidden, Refused
from tessera.events import Event, event, on, publish
from tessera.fields import new_id
from tessera.numbering.models import VoidedNumber
from tessera.outbox import delivery as deliveries
from tessera.outbox.delivery import MOST_ATTEMPTS, lease_due, note_failure, run_delivery
from tessera.outbox.models import Delivery
from tessera.outbox.services import replay_dead_letter
from tessera.outbox.tasks import deliver
from tessera.testing.asking import ask, codes
from tessera.testing.events import tell_again
from tessera.testing.plugin import entered
from tessera.unit_of_work import unit_of_work

State = Delivery.State


@event("outboxtest.paper_torn")
class PaperTorn:
    subject: UUID
    number: str


@pytest.fixture
def told() -> Iterator[list[str]]:
    """Subscribe a handler that voids the number, and yield the numbers that it was told."""
    numbers: list[str] = []

    @on("outboxtest.paper_torn")
    def void_torn(fact: Event) -> None:
        numbers.append(fact.data["number"])
        VoidedNumber(scope="paper", number=fact.data["number"], reason="torn").save()
        if fact.data["number"].startswith("bad"):
            raise RuntimeError("cannot be voided")

    yield numbers
    del registry.HANDLERS["outboxtest.paper_torn"]


def tear(subject: UUID, *numbers: str) -> None:
    with unit_of_work():
        for number in numbers:
            publish(PaperTorn(subject=subject, number=number))


def voided() -> list[str]:
    return list(VoidedNumber.objects.order_by("id").values_list("number", flat=True))


def states() -> list[str]:
    return list(Delivery.objects.order_by("seq").values_list("state", flat=True))


def test_a_fact_reaches_its_handler_once(inside, told, drain):
    tear(new_id(), "1")
    assert drain() == 1
    assert drain() == 0
    assert (told, voided(), states()) == (["1"], ["1"], [State.DONE])


def test_a_delivery_is_two_statements_beside_its_transaction_and_its_handler(inside, django_assert_num_queries):
    on("outboxtest.paper_torn")(lambda fact: None)
    try:
        tear(new_id(), "1")
        (only,) = lease_due(10)
        with django_assert_num_queries(4, connection=connections["default"]):
            run_delivery(only)
    finally:
        del registry.HANDLERS["outboxtest.paper_torn"]
    assert states() == [State.DONE]


def test_a_fact_that_nobody_hears_needs_no_delivery(inside):
    tear(new_id(), "1")
    assert not Delivery.objects.exists()


def test_the_next_fact_waits_until_the_one_before_is_done(inside, told):
    tear(new_id(), "1", "2")
    other = new_id()
    tear(other, "3")
    first = lease_due(10)
    assert set(Delivery.objects.filter(pk__in=first).values_list("seq", "event__data__number")) == {(1, "1"), (1, "3")}
    assert lease_due(10) == []
    for each in first:
        run_delivery(each)
    (second,) = lease_due(10)
    run_delivery(second)
    assert [n for n in told if n != "3"] == ["1", "2"]


def test_a_second_message_for_the_same_delivery_changes_nothing(inside, told):
    tear(new_id(), "1")
    (only,) = lease_due(10)
    run_delivery(only)
    run_delivery(only)
    assert voided() == ["1"]


def test_a_failing_handler_leaves_nothing_and_is_tried_later(inside, told, tenant):
    tear(new_id(), "bad")
    (only,) = lease_due(10)
    deliver(tenant_id=tenant.id, delivery_id=str(only))
    row = Delivery.objects.get(pk=only)
    assert (row.state, row.attempts, row.error) == (State.PENDING, 1, "RuntimeError: cannot be voided")
    assert row.due_at > row.event.recorded_at
    assert voided() == []
    assert lease_due(10) == []


def test_a_dead_letter_parks_its_handler_and_subject_alone(inside, told, drain):
    torn = new_id()
    tear(torn, "bad", "2")
    tear(new_id(), "3")
    (bad,) = Delivery.objects.filter(event__data__number="bad").values_list("pk", flat=True)
    with unit_of_work():
        Delivery.objects.filter(pk=bad).update_unaudited(attempts=MOST_ATTEMPTS)
    note_failure(bad, RuntimeError("no"))
    assert Delivery.objects.get(pk=bad).state == State.DEAD
    assert drain() == 1
    assert voided() == ["3"]


def test_a_delivery_from_which_no_worker_returns_becomes_a_dead_letter(inside, told):
    tear(new_id(), "1")
    with unit_of_work():
        Delivery.objects.update_unaudited(attempts=MOST_ATTEMPTS)
    assert lease_due(10) == []
    assert states() == [State.DEAD]


def test_a_replayed_dead_letter_runs_before_what_waits_behind_it(inside, told, drain):
    torn = new_id()
    tear(torn, "1", "2")
    with unit_of_work():
        Delivery.objects.filter(seq=1).update_unaudited(state=State.DEAD, attempts=MOST_ATTEMPTS)
    assert drain() == 0
    replay_dead_letter(delivery=Delivery.objects.get(seq=1))
    assert drain() == 2
    assert told == ["1", "2"]


def test_only_a_dead_letter_can_be_replayed(as_member, told):
    as_member("outbox.delivery_replay")
    tear(new_id(), "1")
    with pytest.raises(Refused) as refusal:
        replay_dead_letter(delivery=Delivery.objects.get())
    assert refusal.value.problems[0].code == "STATE"


def test_replaying_needs_the_right(as_member, told):
    as_member()
    tear(new_id(), "1")
    with pytest.raises(Forbidden):
        replay_dead_letter(delivery=Delivery.objects.get())


SEEN = """{ eventDeliveries(filter: {state: {eq: DEAD}}) { nodes {
    id handler subject seq state attempts error event { name data } } } }"""
REPLAY = "mutation ($id: ID!) { eventDeliveryReplay(id: $id) { node { state attempts } userErrors { field code } } }"


def buried() -> UUID:
    """Let a fact fail until it is a dead letter, as the worker does; return its subject."""
    torn = new_id()
    tear(torn, "bad")
    (only,) = Delivery.objects.values_list("pk", flat=True)
    for _ in range(MOST_ATTEMPTS):
        with unit_of_work():
            Delivery.objects.update_unaudited(due_at=timezone.now())
        assert lease_due(10) == [only]
        deliver(tenant_id=current().tenant.id, delivery_id=str(only))
    return torn


def test_a_dead_letter_is_seen_with_its_reason_and_tried_again(inside, told, drain, as_member):
    torn = buried()
    as_member("outbox.event_delivery_view", "outbox.outbox_event_view", "outbox.delivery_replay")
    (letter,) = ask(SEEN)["data"]["eventDeliveries"]["nodes"]
    id = letter.pop("id")
    assert letter == {
        "handler": "tessera.outbox.tests.test_delivery.told.<locals>.void_torn",
        "subject": str(torn),
        "seq": "1",
        "state": "DEAD",
        "attempts": MOST_ATTEMPTS,
        "error": "RuntimeError: cannot be voided",
        "event": {"name": "outboxtest.paper_torn", "data": {"number": "bad"}},
    }
    assert ask(REPLAY, id=id)["data"]["eventDeliveryReplay"] == {"node": {"state": "PENDING", "attempts": 0}, "userErrors": []}
    assert ask(REPLAY, id=id)["data"]["eventDeliveryReplay"]["userErrors"] == [{"field": ["state"], "code": "STATE"}]
    assert len(lease_due(10)) == 1


def test_who_only_sees_dead_letters_cannot_try_them_again(inside, told, as_member):
    buried()
    as_member("outbox.event_delivery_view")
    (letter,) = ask("{ eventDeliveries { nodes { id } } }")["data"]["eventDeliveries"]["nodes"]
    assert codes(ask(REPLAY, id=letter["id"])) == ["FORBIDDEN"]
    assert states() == [State.DEAD]


def test_dead_letters_are_not_shown_without_the_right(inside, told, as_member):
    buried()
    as_member()
    assert codes(ask("{ eventDeliveries { nodes { id } } }")) == ["FORBIDDEN"]


def test_a_handler_of_a_module_that_is_off_is_skipped_for_good(inside, told, drain, monkeypatch, tenant):
    monkeypatch.setattr(deliveries, "module_of", lambda handler: "paper")
    tear(new_id(), "1")
    assert drain() == 1
    assert (told, states()) == ([], [State.SKIPPED])
    with entered(tenant, actor=inside.actor, modules=inside.modules | {"paper"}):
        assert drain() == 0


def test_a_handler_that_is_gone_is_a_failure_not_a_success(inside, told, drain):
    tear(new_id(), "1")
    registry.HANDLERS["outboxtest.paper_torn"].clear()
    with pytest.raises(LookupError):
        drain()
    assert states() == [State.PENDING]


def test_a_handler_works_as_the_system_in_the_request_of_the_fact(inside, drain):
    seen = []

    @on("outboxtest.paper_torn")
    def look(fact: Event) -> None:
        seen.append((current().actor.kind, current().actor.name.rpartition(".")[2], current().request_id))

    try:
        with acting(inside.actor):
            tear(new_id(), "1")
        drain()
    finally:
        del registry.HANDLERS["outboxtest.paper_torn"]
    assert seen == [("system", "look", inside.request_id)]


def test_telling_twice_shows_a_handler_that_is_not_idempotent(inside, told, drain):
    """The positive control: this handler voids the number again, and the unique key refuses."""
    tear(new_id(), "1")
    drain()
    with pytest.raises(Refused):
        tell_again()
    assert voided() == ["1"]
