"""Events: signed as Stripe signs them, delivered and repeated, and everything that may go wrong on the way."""

import http.server
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
import stripe

from billing.local_stripe.testing import SECRET, running
from tests.billing.local_stripe.conftest import START
from tests.billing.local_stripe.test_protocol import ask


class Receiver:
    """What a webhook endpoint got: the verified events; `status` is what it answers, by turns if there are several."""

    def __init__(self) -> None:
        self.events: list[Any] = []
        self.refused = 0
        self.status = [200]

    def __call__(self, body: bytes, signature: str) -> int:
        try:
            event = stripe.Webhook.construct_event(body, signature, SECRET)
        except stripe.SignatureVerificationError:
            self.refused += 1
            return 400
        status = self.status.pop(0) if len(self.status) > 1 else self.status[0]
        if status == 200:
            self.events.append(event)
        return status

    @property
    def types(self) -> list[str]:
        return [event.type for event in self.events]


@pytest.fixture
def received(local: Any) -> Receiver:
    receiver = Receiver()
    local.deliver_to(receiver)
    return receiver


def test_events_arrive_signed_and_in_order(local: Any, v1: Any, received: Receiver) -> None:
    customer = v1.customers.create({"email": "ada@example.com"}, {"idempotency_key": "one"})
    v1.customers.update(customer.id, {"email": "eve@example.com", "metadata": {"tenant": "1"}})
    local.drain()
    assert received.types == ["customer.created", "customer.updated"]
    created, updated = received.events
    assert (created.api_version, created.livemode, created.created) == (stripe.api_version, False, START)
    assert created.request.idempotency_key == "one"
    assert updated.data.object["email"] == "eve@example.com"
    assert updated.data.previous_attributes.to_dict() == {"email": "ada@example.com", "metadata": {"tenant": None}}
    assert v1.events.retrieve(created.id).pending_webhooks == 0


def test_nothing_is_said_of_an_update_that_changes_nothing(local: Any, v1: Any, received: Receiver) -> None:
    customer = v1.customers.create({"email": "ada@example.com"})
    v1.customers.update(customer.id, {"email": "ada@example.com"})
    local.drain()
    assert received.types == ["customer.created"]


def test_a_delivery_that_fails_is_tried_again() -> None:
    receiver = Receiver()
    receiver.status = [500, 503, 200]
    with running(at=START, retries=(0, 0)) as local:
        local.deliver_to(receiver)
        local.client.v1.customers.create({})
        local.drain()
        assert receiver.types == ["customer.created"]
        assert [row["status"] for row in ask(local, "GET", "/_local/deliveries")[2]["data"]] == [500, 503, 200]
        assert local.client.v1.events.list({"delivery_success": False}).data == []


def test_what_was_never_taken_is_listed_and_sent_again_on_demand(local: Any, v1: Any, received: Receiver) -> None:
    received.status = [500]
    v1.customers.create({})
    local.drain()
    lost = v1.events.list({"delivery_success": False}).data
    assert [event.type for event in lost] == ["customer.created"]
    received.status = [200]
    ask(local, "POST", f"/_local/events/{lost[0].id}/resend")
    local.drain()
    assert received.types == ["customer.created"]
    assert v1.events.list({"delivery_success": False}).data == []
    assert [event.id for event in v1.events.list({"delivery_success": True}).data] == [lost[0].id]


def test_events_are_duplicated(local: Any, v1: Any, received: Receiver) -> None:
    local.faults(duplicate=2)
    v1.customers.create({})
    local.drain()
    assert [event.id for event in received.events] == [v1.events.list().data[0].id] * 3


def orders(seed: int) -> list[str]:
    """Return the numbers of ten customers in the order their events arrive in, shuffled by a seed."""
    receiver = Receiver()
    with running(at=START) as local:
        local.deliver_to(receiver)
        local.faults(reorder=5, seed=seed)
        for number in range(10):
            local.client.v1.customers.create({"name": str(number)})
        local.drain()
    return [event.data.object["name"] for event in receiver.events]


def test_events_are_shuffled_the_same_way_by_the_same_seed() -> None:
    first = orders(1)
    assert first == orders(1)
    assert first != orders(2)
    assert sorted(first[:5]) == ["0", "1", "2", "3", "4"]
    assert first != sorted(first)


def test_events_get_lost(local: Any, v1: Any, received: Receiver) -> None:
    local.faults(drop=0.5, seed=7)
    for _ in range(20):
        v1.customers.create({})
    local.drain()
    lost = v1.events.list({"delivery_success": False, "limit": 100}).data
    assert len(lost) + len(received.events) == 20
    assert 4 <= len(lost) <= 16
    assert {event.id for event in lost}.isdisjoint(event.id for event in received.events)


def test_events_are_late(local: Any, v1: Any, received: Receiver) -> None:
    local.faults(delay=3600, types=["customer.created"])
    v1.customers.create({})
    v1.products.create({"name": "Business"})
    with pytest.raises(TimeoutError, match=r"customer\.created"):
        local.drain(timeout=0.2)
    assert received.types == ["product.created"]


def test_events_are_signed_wrongly(local: Any, v1: Any, received: Receiver) -> None:
    local.faults(bad_signature=1)
    v1.customers.create({})
    v1.customers.create({})
    local.drain()
    assert (received.refused, received.types) == (1, ["customer.created"])


def test_events_are_of_an_older_version(local: Any, v1: Any, received: Receiver) -> None:
    local.faults(api_version="2019-12-03")
    v1.customers.create({})
    local.drain()
    assert received.events[0].api_version == "2019-12-03"
    assert v1.events.list().data[0].api_version == "2019-12-03"


@pytest.mark.parametrize(("outage", "error"), [("503", stripe.APIError), ("refuse", stripe.APIConnectionError)])
def test_the_api_is_out_of_service_for_a_while(local: Any, v1: Any, outage: str, error: type[Exception]) -> None:
    local.faults(outage=outage, outage_requests=2)
    for _ in range(2):
        with pytest.raises(error):
            v1.customers.create({})
    assert v1.customers.list().data == []


def test_an_answer_is_lost_though_the_call_was_done(local: Any, v1: Any) -> None:
    local.faults(outage="lose", outage_requests=1)
    with pytest.raises(stripe.APIConnectionError):
        v1.customers.create({"email": "ada@example.com"}, {"idempotency_key": "one"})
    found = v1.customers.list().data
    assert len(found) == 1
    assert v1.customers.create({"email": "ada@example.com"}, {"idempotency_key": "one"}).id == found[0].id


def test_faults_are_set_over_http(local: Any) -> None:
    status, _, told = ask(local, "POST", "/_local/faults", "seed=3&drop=0.25&types[0]=invoice.paid")
    assert (status, told["seed"], told["drop"], told["types"]) == (200, 3, "0.25", ["invoice.paid"])
    assert ask(local, "POST", "/_local/faults")[2]["drop"] == "0"
    assert ask(local, "POST", "/_local/faults", "droop=1")[2]["error"]["code"] == "parameter_unknown"


def test_the_clock_is_moved_over_http(local: Any, shop: Any) -> None:
    sub = shop.subscription((shop.price("Seat", 100), 1), trial_period_days=14)
    status, _, told = ask(local, "POST", "/_local/clock", f"advance={11 * 86400}")
    assert (status, told["now"]) == (200, START + 11 * 86400)
    assert [event["data"]["object"]["id"] for event in local.events("customer.subscription.trial_will_end")] == [sub.id]
    assert ask(local, "POST", "/_local/clock", f"to={START}")[0] == 400
    assert ask(local, "GET", "/_local/clock")[2]["now"] == START + 11 * 86400


def test_events_are_delivered_in_the_callers_thread_where_wanted() -> None:
    threads, receiver = set(), Receiver()
    with running(at=START, deliver=False) as local:
        local.deliver_to(lambda body, header: (threads.add(threading.current_thread()), receiver(body, header))[1])
        local.faults(duplicate=1, reorder=3)
        local.client.v1.customers.create({})
        assert receiver.types == []
        local.deliver()
        local.deliver()
    assert (threads, receiver.types) == ({threading.current_thread()}, ["customer.created"] * 2)


class Endpoint(http.server.BaseHTTPRequestHandler):
    """An endpoint over HTTP that keeps what it gets."""

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        status = self.server.receiver(body, self.headers["Stripe-Signature"])  # type: ignore[attr-defined]
        self.send_response(status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:
        pass


@pytest.fixture
def endpoint() -> Iterator[Any]:
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Endpoint)
    server.receiver = Receiver()  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


def test_events_are_delivered_over_http(endpoint: Any) -> None:
    with running(at=START, webhook_url=f"http://127.0.0.1:{endpoint.server_address[1]}/hook") as local:
        local.client.v1.customers.create({})
        local.drain()
        assert endpoint.receiver.types == ["customer.created"]
        delivered = ask(local, "GET", "/_local/deliveries")[2]["data"]
        assert [(row["type"], row["status"], row["attempt"]) for row in delivered] == [("customer.created", 200, 0)]


def test_an_endpoint_made_through_the_api_gets_what_it_asked_for_under_its_own_secret(local: Any, v1: Any) -> None:
    got: list[tuple[str, bytes, str]] = []
    local.local.delivery.post = lambda url, body, signed: (got.append((url, body.encode(), signed)) or 200, None)
    made = v1.webhook_endpoints.create(
        {"url": "http://127.0.0.1:9/", "enabled_events": ["product.created"], "api_version": "2024-06-20"}
    )
    v1.customers.create({})
    v1.products.create({"name": "Business"})
    local.drain()
    (url, body, signed) = got[0]
    event = stripe.Webhook.construct_event(body, signed, made.secret)
    assert (len(got), url, event.type, event.api_version) == (1, "http://127.0.0.1:9/", "product.created", "2024-06-20")


def test_signatures_are_of_the_real_time(local: Any, v1: Any, received: Receiver) -> None:
    """The clock may stand in another year: who verifies has the machine's time."""
    signed: list[str] = []
    local.deliver_to(lambda body, header: (signed.append(header), 200)[1])
    v1.customers.create({})
    local.drain()
    assert abs(int(signed[0].split(",")[0].removeprefix("t=")) - time.time()) < 60
