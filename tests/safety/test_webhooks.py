"""Relay, broker and worker as they run: facts reach a receiver that was away, in order, and the log says each attempt."""

import time

import pytest
from tessera.webhooks.tests.receiver import Receiver

pytestmark = [pytest.mark.xdist_group("stack"), pytest.mark.slow, pytest.mark.timeout(900)]
LOG = """query ($name: String!) { webhookSubscriptions(filter: {name: {eq: $name}}, first: 1) { nodes { state
    deliveries(first: 5) { nodes { name subject state attempts log(first: 15) { nodes { status error requestHeaders } } } } } } }"""
CREATE = """mutation ($input: WebhookSubscriptionCreateInput!) { webhookSubscriptionCreate(input: $input)
    { result { secret subscription { id } } userErrors { code field } } }"""
PATIENCE = 120.0  # seconds
AWAY = 3


@pytest.fixture
def receiver():
    made = Receiver()
    yield made
    made.close()


@pytest.fixture
def quiet(world):
    """Leave the stack as it was found, so that what others count is right."""
    world.settle()
    yield world
    world.settle()
    world.take_stock()


def until(what, look):
    """Look until there is something."""
    deadline = time.monotonic() + PATIENCE
    while not (found := look()):
        assert time.monotonic() < deadline, what
        time.sleep(0.1)
    return found


def capture(ada, *names):
    """Take leads in; return their keys."""
    made = [ada.payload("leadCreate", "node { id }", input={"companyName": name, "source": "a webhook's test"}) for name in names]
    assert [each["userErrors"] for each in made] == [[]] * len(names)
    return [each["node"]["id"] for each in made]


def test_facts_reach_a_receiver_that_was_away_and_the_log_says_so(quiet, receiver):
    ada = quiet.loops.people["ada"]
    wish = {"name": f"Receiver {receiver.server_port}", "url": receiver.url, "events": ["sales.lead_captured"]}
    made = ada.query(CREATE, input=wish)["webhookSubscriptionCreate"]["result"]
    try:
        capture(ada, "There")
        until("the first fact", lambda: receiver.got)
        assert receiver.got[0].is_signed_by(made["secret"])
        assert receiver.got[0].told["type"] == "sales.lead_captured"

        receiver.status = 503
        capture(ada, "One", "Two")
        until("attempts in vain", lambda: len(receiver.got) >= 1 + 2 * AWAY)
        receiver.status = 200
        until("all facts taken", lambda: all(each["state"] == "DONE" for each in deliveries(ada, wish["name"])))

        found = deliveries(ada, wish["name"])
        assert len(found) == 3
        assert all(sent.is_signed_by(made["secret"]) for sent in receiver.got)
        for each in found:
            log = each["log"]["nodes"]
            mine = [sent for sent in receiver.got if sent.headers["webhook-id"] == log[0]["requestHeaders"]["webhook-id"]]
            assert len(log) == each["attempts"] == len(mine)  # each request that came is in the log, and none that did not
            assert sorted(attempt["status"] for attempt in log) == [200] + [503] * (len(log) - 1)
        assert sorted(each["attempts"] for each in found)[0] == 1
        assert sorted(each["attempts"] for each in found)[1] >= AWAY
    finally:
        ada.payload("webhookSubscriptionDelete", "id", id=made["subscription"]["id"])


def deliveries(ada, name):
    """Return what the API says of the deliveries of a webhook."""
    (webhook,) = ada.query(LOG, name=name)["webhookSubscriptions"]["nodes"]
    assert webhook["state"] == "ACTIVE"
    return webhook["deliveries"]["nodes"]
