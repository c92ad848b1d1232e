"""The relay finds what is due by hint or by sweep, serves tenants in turn, and loses nothing."""

import threading
from types import SimpleNamespace
from uuid import UUID

import pytest
import redis
from django.db import connections
from kombu.exceptions import OperationalError as BrokerError

from tessera import events as registry
from tessera.context import system
from tessera.events import event, on, publish
from tessera.fields import new_id
from tessera.outbox import relay as relays
from tessera.outbox.hints import HINTS, client, hint, take_hints
from tessera.outbox.models import Delivery
from tessera.outbox.relay import PER_TURN, Relay
from tessera.testing.plugin import entered
from tessera.unit_of_work import unit_of_work


@event("relaytest.bell_rung")
class BellRung:
    subject: UUID


@pytest.fixture(autouse=True)
def _listener():
    client().delete(HINTS)
    on("relaytest.bell_rung")(lambda fact: None)
    yield
    del registry.HANDLERS["relaytest.bell_rung"]


def ring(tenant, times: int) -> None:
    with entered(tenant, actor=system("test")), unit_of_work():
        for _ in range(times):
            publish(BellRung(subject=new_id()))


def test_everything_due_is_sent_once(tenant, other_tenant):
    ring(tenant, 45)
    ring(other_tenant, 3)
    sent = []
    assert Relay(send=lambda *pair: sent.append(pair)).once() == 48
    assert len(set(sent)) == 48
    assert Relay(send=lambda *pair: sent.append(pair)).once() == 0


def test_a_busy_tenant_does_not_make_another_one_wait(tenant, other_tenant):
    ring(tenant, 45)
    ring(other_tenant, 3)
    sent = []
    Relay(send=lambda owner, _: sent.append(owner)).once()
    assert sent.index(other_tenant.id) <= 20
    assert sent[-5:] == [tenant.id] * 5


def test_a_suspended_tenant_is_not_served(tenant):
    ring(tenant, 1)
    tenant.state = "suspended"
    tenant.save()
    assert Relay(send=lambda *_: None).once() == 0


def test_what_could_not_be_sent_is_due_again(tenant, inside):
    ring(tenant, 3)
    sent = []

    def broken(_, delivery: UUID) -> None:
        if sent:
            raise BrokerError("gone")
        sent.append(delivery)

    with pytest.raises(BrokerError):
        Relay(send=broken).once()
    assert sorted(Delivery.objects.values_list("attempts", flat=True)) == [0, 0, 1]
    again = []
    Relay(send=lambda _, delivery: again.append(delivery)).once()
    assert sorted([*sent, *again]) == sorted(Delivery.objects.values_list("pk", flat=True))


def test_a_hint_names_a_tenant_once_and_the_longest_waiting_first():
    first, second = new_id(), new_id()
    for each in (first, second, first):
        hint(each)
    assert take_hints(wait=0) == [first, second]
    assert take_hints(wait=0.1) == []


def _run_until(relay: Relay, stop: threading.Event, rounds: int) -> None:
    """Run the relay in this thread for a number of rounds."""
    left = iter(range(rounds))

    def counted(flag: threading.Event) -> None:
        if next(left, None) is None:
            stop.set()
        else:
            Relay._round(relay, flag)

    relay._round = counted
    relay.run(stop)


def test_a_hint_leads_to_the_tenant_without_the_sweep(tenant):
    ring(tenant, 2)
    hint(tenant.id)
    sent, relay = [], Relay(send=lambda *pair: sent.append(pair))
    relay.swept_at = float("inf")
    _run_until(relay, threading.Event(), 2)
    assert len(sent) == 2


def test_the_sweep_finds_what_no_hint_names(tenant, other_tenant):
    ring(other_tenant, 2)
    sent = []
    _run_until(Relay(send=lambda *pair: sent.append(pair)), threading.Event(), 4)
    assert [owner for owner, _ in sent] == [other_tenant.id] * 2


def wait_in(tenant, deliveries: int) -> None:
    """Let so many deliveries wait in a tenant, written at once."""
    with entered(tenant, actor=system("test")), unit_of_work():
        publish(BellRung(subject=new_id()))
    with entered(tenant, actor=system("test")), connections["default"].cursor() as cursor:
        cursor.execute(
            "WITH made AS (INSERT INTO outbox_outboxevent (id, name, version, subject, seq, data, request, recorded_at)"
            " SELECT uuidv7(), name, version, uuidv7(), 1, data, request, recorded_at"
            " FROM outbox_outboxevent, generate_series(2, %s) RETURNING id, subject)"
            " INSERT INTO outbox_delivery (id, event_id, handler, subject, seq, state, attempts, due_at, error)"
            " SELECT uuidv7(), made.id, handler, made.subject, 1, 'pending', 0, due_at, '' FROM made, outbox_delivery",
            [deliveries],
        )


def test_ten_thousand_waiting_deliveries_of_one_tenant_do_not_delay_another(tenant, other_tenant):
    wait_in(tenant, 10_000)
    sent, relay = [], Relay(send=lambda owner, _: sent.append(owner))
    for each in (tenant, other_tenant):
        hint(each.id)
    relay.swept_at = float("inf")
    _run_until(relay, threading.Event(), 3)
    assert set(sent) == {tenant.id}  # it is busy with the first
    ring(other_tenant, 1)
    hint(other_tenant.id)
    _run_until(relay, threading.Event(), 2)
    assert other_tenant.id in sent[-2 * PER_TURN :]
    with entered(tenant, actor=system("test")):
        assert Delivery.objects.count() == 10_000


def test_a_relay_never_puts_more_into_the_queue_than_workers_take_soon(tenant, monkeypatch):
    wait_in(tenant, 1_000)
    sent = []
    monkeypatch.setattr(relays, "client", lambda: SimpleNamespace(llen=lambda queue: len(sent)))
    _run_until(Relay(send=lambda *pair: sent.append(pair)), threading.Event(), 50)
    assert len(sent) == relays.MOST_WAITING


def test_a_full_queue_makes_the_relay_wait(tenant, monkeypatch):
    ring(tenant, 2)
    monkeypatch.setattr(relays, "MOST_WAITING", 0)
    sent = []
    _run_until(Relay(send=lambda *pair: sent.append(pair)), threading.Event(), 2)
    assert sent == []


def test_the_relay_outlives_a_broker_that_is_gone(tenant, monkeypatch):
    ring(tenant, 1)
    sent = []

    def gone(**_):
        raise redis.ConnectionError("gone")

    monkeypatch.setattr(relays, "take_hints", gone)
    stop = threading.Event()
    monkeypatch.setattr(stop, "wait", lambda seconds: None)
    _run_until(Relay(send=lambda *pair: sent.append(pair)), stop, 5)
    assert sent == []
    monkeypatch.undo()
    _run_until(Relay(send=lambda *pair: sent.append(pair)), threading.Event(), 3)
    assert len(sent) == 1
