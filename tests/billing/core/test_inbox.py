"""The webhook takes what Stripe signed just now, once, and nothing else."""

import hashlib
import hmac
import json
import random
import time
from datetime import UTC, datetime

import pytest
from django.conf import settings
from django.test import Client
from kombu.exceptions import OperationalError as BrokerError
from stripe import WebhookSignature

from billing import tasks
from billing.events.inbox import MOST, BadSignature, verify
from billing.models import StripeEvent
from tests.billing.core.shop import post

EVENT = {
    "id": "evt_1",
    "object": "event",
    "type": "customer.subscription.updated",
    "api_version": settings.STRIPE_API_VERSION,
    "created": 1_790_000_000,
    "livemode": False,
    "data": {"object": {"id": "sub_1", "object": "subscription", "customer": "cus_1"}},
}


@pytest.fixture(autouse=True)
def inbox(_database):
    """Have a database."""


def test_an_event_is_kept_with_all_that_it_says():
    answer = post(EVENT)
    assert (answer.status_code, answer["Content-Type"]) == (200, "text/plain; charset=utf-8")
    kept = StripeEvent.objects.get()
    assert (kept.event_id, kept.type, kept.customer, kept.state, kept.source) == (
        "evt_1", "customer.subscription.updated", "cus_1", "received", "webhook",
    )  # fmt: skip
    assert (kept.livemode, kept.api_version) == (False, settings.STRIPE_API_VERSION)
    assert kept.created == datetime.fromtimestamp(1_790_000_000, UTC)
    assert kept.payload == EVENT


def test_it_is_kept_once_however_often_it_comes():
    assert [post(EVENT).status_code for _ in range(5)] == [200] * 5
    assert StripeEvent.objects.count() == 1


@pytest.mark.parametrize(
    ("about", "customer"),
    [
        ({"id": "cus_2", "object": "customer"}, "cus_2"),
        ({"id": "in_1", "object": "invoice", "customer": {"id": "cus_3", "object": "customer"}}, "cus_3"),
        ({"id": "prod_1", "object": "product"}, ""),
        ({"id": "pm_1", "object": "payment_method", "customer": None}, ""),
    ],
)
def test_it_knows_whom_it_is_about(about, customer):
    post(EVENT | {"data": {"object": about}})
    assert StripeEvent.objects.get().customer == customer


def test_none_of_a_thousand_forgeries_is_taken(shop):
    chance = random.Random(7)
    body = json.dumps(EVENT).encode()
    now = int(time.time())
    good = WebhookSignature.generate_signature_header(body.decode(), settings.STRIPE_WEBHOOK_SECRET, now)
    verify(body, good)
    digest = good.partition("v1=")[2]
    another = shop.v1.webhook_endpoints.create({"url": "https://example.com/", "enabled_events": ["*"]}).secret

    def signed(text, secret=settings.STRIPE_WEBHOOK_SECRET, at=now, scheme="v1"):
        made = hmac.new(secret.encode(), f"{at}.{text.decode('latin-1')}".encode(), hashlib.sha256).hexdigest()
        return f"t={at},{scheme}={made}"

    def flipped(text):
        place = chance.randrange(len(text))
        return text[:place] + chr(ord(text[place]) ^ 1) + text[place + 1 :]

    forgeries = {
        "another secret": lambda: (body, signed(body, f"whsec_{chance.random()}")),
        "the secret of another endpoint": lambda: (body, signed(body, another)),
        "another body": lambda: (body[:-1] + b" }" + b" " * chance.randrange(50), good),
        "one character of the signature": lambda: (body, f"t={now},v1={flipped(digest)}"),
        "one bit of the body": lambda: (flipped(body.decode()).encode(), good),
        "from the past": lambda: (body, signed(body, at=now - chance.randrange(302, 10**6))),
        "from the future": lambda: (body, signed(body, at=now + chance.randrange(302, 10**6))),
        "another time beside the signature": lambda: (body, good.replace(f"t={now}", f"t={now - chance.randrange(1, 200)}")),
        "Stripe's, by the scheme of tests, beside another": lambda: (body, f"{signed(body, scheme='v0')},v1={flipped(digest)}"),
        "several signatures, none of them Stripe's": lambda: (body, f"t={now}" + f",v1={flipped(digest)}" * chance.randint(2, 9)),
        "the header twice": lambda: (body, f"{good},{good}"),
        "another scheme": lambda: (body, signed(body, scheme=chance.choice(["v0", "v2", "V1"]))),
        "no signature": lambda: (body, chance.choice(["", f"t={now}", "v1=", f"t={now},v1=", "nonsense", ",,,", "t=,v1=0"])),
        "two times": lambda: (body, f"t={now - 10_000},{good}"),
        "a time that is none": lambda: (
            body,
            good.replace(f"t={now}", chance.choice(["t=²", "t=-1", "t=1e9", "t=0x1", "t=nan"])),
        ),
        "no text": lambda: (b"\xff\xfe" + body, signed(b"\xff\xfe" + body)),
    }
    kinds = list(forgeries)
    for number in range(1_000):
        kind = kinds[number % len(kinds)]
        text, header = forgeries[kind]()
        with pytest.raises(BadSignature):
            verify(text, header)
            pytest.fail(kind)
    for kind in kinds:
        text, header = forgeries[kind]()
        assert post(text, header=header).status_code == 400, kind
    bare = Client(HTTP_HOST=settings.BASE_DOMAIN).post("/stripe/webhook", body, content_type="application/json")
    assert bare.status_code == 400
    assert not StripeEvent.objects.exists()


@pytest.mark.parametrize(("away", "taken"), [(-310, False), (-290, True), (290, True), (310, False)])
def test_the_time_must_be_of_now_on_both_sides(away, taken):
    assert post(EVENT, at=int(time.time()) + away).status_code == (200 if taken else 400)
    assert StripeEvent.objects.exists() is taken


def test_several_signatures_are_taken_while_a_secret_is_replaced():
    body = json.dumps(EVENT)
    good = WebhookSignature.generate_signature_header(body, settings.STRIPE_WEBHOOK_SECRET)
    assert post(EVENT, header=good.replace(",", f",v1={'0' * 64},")).status_code == 200


@pytest.mark.parametrize(
    "text",
    [
        b"", b"{", b"[]", b"null", b'"evt_1"', b"{}", b'{"id": "evt_1"}',
        json.dumps(EVENT | {"id": 7}).encode(), json.dumps(EVENT | {"id": "sub_1"}).encode(),
        json.dumps(EVENT | {"livemode": "no"}).encode(), json.dumps(EVENT | {"created": None}).encode(),
        json.dumps(EVENT | {"created": "soon"}).encode(), json.dumps(EVENT | {"data": {"object": None}}).encode(),
        json.dumps(EVENT | {"data": {"object": {"object": "customer"}}}).encode(),
    ],
)  # fmt: skip
def test_what_stripe_signed_and_is_no_event_is_refused(text):
    assert post(text).status_code == 400
    assert not StripeEvent.objects.exists()


def test_what_is_too_long_is_refused_before_it_is_looked_at():
    assert post(b" " * (MOST + 1)).status_code == 413
    assert post(json.dumps(EVENT).encode().ljust(MOST)).status_code == 200


def test_it_is_on_the_accounts_host_only_and_wants_no_csrf_token(tenant):
    strict = Client(enforce_csrf_checks=True, HTTP_HOST=settings.BASE_DOMAIN)
    body = json.dumps(EVENT)
    header = WebhookSignature.generate_signature_header(body, settings.STRIPE_WEBHOOK_SECRET)
    for host, status in ((f"{tenant.slug}.{settings.BASE_DOMAIN}", 404), ("nobody.example", 404)):
        assert post(EVENT, host=host).status_code == status
    assert not StripeEvent.objects.exists()
    answer = strict.post("/stripe/webhook", body, content_type="application/json", headers={"Stripe-Signature": header})
    assert answer.status_code == 200
    assert strict.get("/stripe/webhook").status_code == 405


def test_without_a_stripe_there_is_no_such_page(settings):
    settings.STRIPE_API_KEY = ""
    assert post(EVENT).status_code == 404


def test_it_is_answered_and_kept_though_the_broker_is_gone(monkeypatch):
    def gone(**message):
        raise BrokerError("no broker")

    monkeypatch.setattr(tasks.process_one, "apply_async", gone)
    assert post(EVENT).status_code == 200
    tasks.send_event(StripeEvent.objects.get().pk)
