"""Facts are told to others: each once committed, signed, in order, again until it was taken, within the rights of the owner."""

from datetime import timedelta

import pytest
import time_machine
from django.core import mail
from django.utils import timezone

from tessera.audit.models import AuditEntry
from tessera.context import current
from tessera.events import publish
from tessera.fields import new_id
from tessera.outbox.hints import HINTS, client
from tessera.testing.asking import ask, done, id_of, refusals
from tessera.unit_of_work import in_unit, savepoint, unit_of_work
from tessera.webhooks import delivery as sending
from tessera.webhooks.delivery import BREAK_AFTER, deliver
from tessera.webhooks.leasing import lease_due
from tessera.webhooks.models import WebhookAttempt, WebhookDelivery, WebhookSubscription
from tessera.webhooks.posting import Outcome
from tessera.webhooks.relaying import send_due
from tessera.webhooks.signing import good_secrets
from tessera.webhooks.tasks import KEPT, forget_webhooks
from tessera.webhooks.tests.bells import LISTED, REPLAY, UPDATE, BellRung, State, make_due, ring, send, subscribe
from tessera.webhooks.tests.receiver import Receiver

WAITS = (5, 30, 120, 300, 900, 1800, 3600, 7200)


def test_a_fact_is_told_signed_and_logged(ada, receiver, tenant):
    _row, secret = subscribe(receiver)
    subject = ring()
    assert send() == 1
    (sent,) = receiver.got
    assert sent.is_signed_by(secret) and not sent.is_signed_by("whsec_AAAA")
    only = WebhookDelivery.objects.get()
    assert sent.headers["webhook-id"] == f"msg_{only.pk.hex}"
    assert sent.told == {
        "type": "webhooktest.bell_rung",
        "timestamp": only.recorded_at.isoformat(),
        "data": {"subject": str(subject), "sequence": 1, "tenant": str(tenant.id), "fact": {"tone": "a"}},
    }
    (shown,) = ask(LISTED)["data"]["webhookDeliveries"]["nodes"]
    (log,) = shown["log"]["nodes"]
    assert (shown["state"], shown["attempts"], log["status"], log["error"], log["responseBody"]) == ("DONE", 1, 200, "", "ok")
    assert (log["requestBody"], log["requestHeaders"]["webhook-id"]) == (sent.body.decode(), sent.headers["webhook-id"])


def test_a_secret_is_shown_once_and_stored_sealed(ada, receiver):
    row, secret = subscribe(receiver)
    assert secret not in str(WebhookSubscription.objects.values().get())
    assert secret not in str(list(AuditEntry.objects.values_list("after", flat=True)))
    assert good_secrets(row, timezone.now()) == [secret]
    assert "Cannot query field" in ask("{ webhookSubscriptions { nodes { secret } } }")["errors"][0]["message"]


def test_for_a_day_the_secret_before_signs_as_well(ada, receiver):
    row, first = subscribe(receiver)
    rotate = "mutation ($id: ID!) { webhookSubscriptionSecretRotate(id: $id) { result { secret } userErrors { code } } }"
    second = ask(rotate, id=id_of(row))["data"]["webhookSubscriptionSecretRotate"]["result"]["secret"]
    ring()
    send()
    assert receiver.got[0].is_signed_by(first) and receiver.got[0].is_signed_by(second)
    with unit_of_work():
        WebhookSubscription.objects.update_unaudited(previous_until=timezone.now())
    ring()
    send()
    assert not receiver.got[1].is_signed_by(first) and receiver.got[1].is_signed_by(second)


def test_what_is_rolled_back_is_told_to_nobody(ada, receiver):
    subscribe(receiver)
    with unit_of_work(), pytest.raises(RuntimeError), savepoint():
        publish(BellRung(subject=new_id(), tone="a"))
        raise RuntimeError
    with pytest.raises(RuntimeError), unit_of_work():
        publish(BellRung(subject=new_id(), tone="b"))
        raise RuntimeError
    assert not WebhookDelivery.objects.exists()


@pytest.mark.parametrize(
    ("events", "told"),
    [(["webhooktest.*"], 1), (["*"], 1), (["access.*", "access.member_joined"], 0), (["webhooktest.bell_rung", "*"], 1)],
)
def test_facts_are_chosen_by_name_or_module(ada, receiver, events, told):
    subscribe(receiver, events=events)
    ring()
    assert WebhookDelivery.objects.filter(name="webhooktest.bell_rung").count() == told


def test_facts_of_one_subject_arrive_in_order_and_others_do_not_wait(ada, receiver):
    subscribe(receiver)
    subject, other = ring(None, "a", "b", "c"), ring(None, "x")
    assert {key for key, _ in lease_due(20)} == set(WebhookDelivery.objects.filter(seq=1).values_list("pk", flat=True))
    assert lease_due(20) == []
    make_due()
    receiver.status = 500
    for key, attempt in lease_due(20):
        deliver(key, attempt)
    receiver.status = 200
    make_due()
    send()
    tones = [sent.told["data"]["fact"]["tone"] for sent in receiver.got if sent.told["data"]["subject"] == str(subject)]
    assert tones == ["a", "a", "b", "c"]
    assert {sent.told["data"]["subject"] for sent in receiver.got} == {str(subject), str(other)}


def test_what_is_not_taken_is_tried_for_about_four_hours_and_given_up(ada, receiver, settings):
    assert WAITS == settings.TESSERA_WEBHOOK_WAITS
    subscribe(receiver)
    ring()
    receiver.status = 503
    waits = []
    for _ in range(len(WAITS) + 1):
        ((key, attempt),) = lease_due(20)
        before = timezone.now()
        deliver(key, attempt)
        waits.append((WebhookDelivery.objects.get().due_at - before).total_seconds())
        make_due()
    row = WebhookDelivery.objects.get()
    assert (row.state, row.attempts, len(receiver.got), WebhookAttempt.objects.count()) == (State.FAILED, 9, 9, 9)
    assert all(0.8 * wanted <= wait <= 1.2 * wanted + 1 for wanted, wait in zip(WAITS, waits, strict=False))
    assert 3.5 * 3600 < sum(WAITS) < 4.5 * 3600
    assert len({sent.headers["webhook-id"] for sent in receiver.got}) == 1
    assert lease_due(20) == []


def test_a_message_that_comes_twice_or_late_sends_nothing(ada, receiver):
    subscribe(receiver)
    ring()
    ((key, attempt),) = lease_due(20)
    deliver(key, attempt)
    deliver(key, attempt)
    assert len(receiver.got) == 1


def test_a_lease_that_runs_out_is_sent_again(ada, receiver):
    subscribe(receiver)
    ring()
    ((key, attempt),) = lease_due(20)
    assert lease_due(20) == []
    make_due()
    assert lease_due(20) == [(key, attempt + 1)]
    deliver(key, attempt)  # the one that was thought lost
    assert receiver.got == []


def test_a_delivery_from_which_no_worker_returns_is_given_up(ada, receiver):
    subscribe(receiver)
    ring()
    for attempt in range(1, len(WAITS) + 2):
        assert [number for _key, number in lease_due(20)] == [attempt]
        make_due()
    assert lease_due(20) == []
    assert WebhookDelivery.objects.values_list("state", "attempts").get() == ("failed", len(WAITS) + 1)


def test_a_dead_receiver_takes_no_more_than_its_share(ada, receiver):
    subscribe(receiver, name="Dead")
    other = Receiver()
    subscribe(other, name="Alive")
    for _ in range(10):
        ring()
    names = [WebhookDelivery.objects.get(pk=key).subscription.name for key, _ in lease_due(20)]
    assert sorted(names) == ["Alive"] * 4 + ["Dead"] * 4
    make_due()
    with unit_of_work():
        WebhookSubscription.objects.filter(name="Dead").update_unaudited(failures=3)
    names = [WebhookDelivery.objects.get(pk=key).subscription.name for key, _ in lease_due(20)]
    assert sorted(names) == ["Alive"] * 4 + ["Dead"]
    other.close()


def test_a_webhook_that_fails_for_long_is_disabled_and_its_people_are_told(ada, receiver, drain):
    row, _secret = subscribe(receiver)
    receiver.status = 500
    with unit_of_work():
        WebhookSubscription.objects.update_unaudited(failures=BREAK_AFTER - 2, failing_since=timezone.now() - timedelta(hours=2))
    for _ in range(2):
        assert WebhookSubscription.objects.get().state == "active"
        ring()
        ((key, attempt),) = lease_due(1)
        deliver(key, attempt)
    row.refresh_from_db()
    assert (row.state, row.why, row.failures) == ("disabled", "20 failures in a row: HTTP 500", BREAK_AFTER)
    before = WebhookDelivery.objects.count()
    ring()
    make_due()
    assert (WebhookDelivery.objects.count(), lease_due(20)) == (before, [])
    drain()
    (letter,) = [each for each in mail.outbox if "was disabled" in each.subject]
    assert letter.to == ["ada@example.com"] and "20 failures in a row" in letter.body and receiver.url in letter.body
    assert done(UPDATE, id=id_of(row), input={"active": True})["state"] == "ACTIVE"
    assert WebhookSubscription.objects.get().failures == 0


def test_many_failures_in_a_short_time_do_not_disable(ada, receiver):
    subscribe(receiver)
    receiver.status = 500
    with unit_of_work():
        WebhookSubscription.objects.update_unaudited(failures=50, failing_since=timezone.now())
    ring()
    send()
    assert WebhookSubscription.objects.values_list("state", "failures").get() == ("active", 51)
    receiver.status = 200
    make_due()
    send()
    assert WebhookSubscription.objects.values_list("failures", "failing_since").get() == (0, None)


def test_a_receiver_that_says_it_is_gone_is_believed(ada, receiver):
    subscribe(receiver)
    receiver.status = 410
    ring()
    send()
    assert WebhookSubscription.objects.values_list("state", "why").get() == ("disabled", "the receiver answered 410 Gone")


def test_a_paused_webhook_is_told_nothing(ada, receiver):
    row, _secret = subscribe(receiver)
    assert done(UPDATE, id=id_of(row), input={"active": False}) == {"state": "PAUSED", "events": ["webhooktest.bell_rung"]}
    ring()
    assert not WebhookDelivery.objects.exists()


def test_a_test_is_sent_like_anything_else(ada, receiver):
    row, _secret = subscribe(receiver)
    test = "mutation ($id: ID!) { webhookSubscriptionTest(id: $id) { node { id state } userErrors { code } } }"
    assert done(test, id=id_of(row))["state"] == "PENDING"
    assert send() == 1
    assert receiver.got[0].told["type"] == "webhooks.test"


def test_a_delivery_is_sent_again_under_its_id(ada, receiver):
    subscribe(receiver)
    ring()
    (only,) = [key for key, _ in lease_due(20)]
    assert refusals(REPLAY, id=id_of(WebhookDelivery(pk=only))) == [("STATE", "id")]
    deliver(only, 1)
    assert done(REPLAY, id=id_of(WebhookDelivery(pk=only)))["state"] == "PENDING"
    assert send() == 1
    assert receiver.got[0].headers["webhook-id"] == receiver.got[1].headers["webhook-id"]


def test_a_time_is_sent_again_with_what_was_missed(ada, receiver):
    row, _secret = subscribe(receiver)
    begun = timezone.now()
    ring(None, "a")
    send()
    done(UPDATE, id=id_of(row), input={"active": False})
    ring(None, "b")
    done(UPDATE, id=id_of(row), input={"active": True})
    replay = """mutation ($id: ID!, $since: DateTime!, $until: DateTime!) {
        webhookSubscriptionReplay(id: $id, input: {since: $since, until: $until}) { result { count } userErrors { code field } } }"""
    until = (timezone.now() + timedelta(seconds=1)).isoformat()
    asked = ask(replay, id=id_of(row), since=begun.isoformat(), until=until)["data"]["webhookSubscriptionReplay"]
    assert asked == {"result": {"count": 2}, "userErrors": []}
    send()
    assert [sent.told["data"]["fact"]["tone"] for sent in receiver.got] == ["a", "a", "b"]
    assert refusals(replay, id=id_of(row), since=until, until=begun.isoformat()) == [("INVALID", "input.until")]


def test_a_fact_for_a_webhook_hints_at_its_tenant(ada, receiver, django_capture_on_commit_callbacks):
    subscribe(receiver)
    client().zrem(HINTS, str(current().tenant.id))
    with django_capture_on_commit_callbacks(using="default", execute=True):
        ring()
    assert client().zscore(HINTS, str(current().tenant.id)) is not None


def test_the_relay_sends_by_tenant_and_gives_back_what_it_could_not(ada, receiver, monkeypatch):
    from tessera.webhooks import tasks

    subscribe(receiver)
    ring()
    sent = []
    monkeypatch.setattr(tasks.send_webhook, "apply_async", lambda kwargs, retry: sent.append(kwargs))
    assert send_due(20) == 1
    only = WebhookDelivery.objects.get()
    assert sent == [{"tenant_id": str(current().tenant.id), "delivery_id": str(only.pk), "attempt": 1}]
    make_due()

    def broken(kwargs, retry):
        raise ConnectionError

    monkeypatch.setattr(tasks.send_webhook, "apply_async", broken)
    with pytest.raises(ConnectionError):
        send_due(20)
    only.refresh_from_db()
    assert (only.attempts, only.leased_until, len(lease_due(20))) == (1, None, 1)


def test_facts_cost_no_statement_more(ada, receiver, django_assert_num_queries):
    with django_assert_num_queries(3), unit_of_work():  # one statement writes all of it, between the ends of its transaction
        publish(BellRung(subject=new_id(), tone="a"))


def test_old_deliveries_are_forgotten_with_their_log(ada, receiver):
    subscribe(receiver)
    ring()
    send()
    with time_machine.travel(timezone.now() + KEPT + timedelta(minutes=1)):
        ring()
        forget_webhooks(tenant_id=str(current().tenant.id))
    assert (WebhookDelivery.objects.count(), WebhookAttempt.objects.count()) == (1, 0)


def test_nothing_waits_in_a_transaction_for_a_receiver(ada, receiver, monkeypatch):
    subscribe(receiver)
    ring()
    seen = []
    monkeypatch.setattr(sending, "post", lambda *arguments: seen.append(in_unit()) or Outcome(200))
    send()
    assert seen == [False]
