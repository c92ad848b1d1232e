"""A webhook sees what its owner sees, and is written by who holds the right."""

import pytest

from modules.base.models import Party
from tessera.access.models import Member
from tessera.access.selectors import actor_of, restricted
from tessera.access.services import deactivate_member
from tessera.access.tests.people import make_ada, make_bob, make_role
from tessera.context import acting
from tessera.fields import new_id
from tessera.testing.asking import ask, codes, done, id_of, refusals
from tessera.unit_of_work import unit_of_work
from tessera.webhooks.models import WebhookDelivery, WebhookSubscription
from tessera.webhooks.tests.bells import CREATE, REPLAY, UPDATE, State, ring, send, subscribe


def test_the_query_is_asked_in_the_name_of_the_owner(inside, receiver):
    with unit_of_work():
        party = Party(kind=Party.Kind.ORGANISATION, name="Acme", code="acme")
        party.save()
    role = make_role("hooks", webhooks__subscription_manage="all", base__party_view="all")
    bob = make_bob(None, role)
    query = "query ($subject: ID!) { party(id: $subject) { name } }"
    with acting(actor_of(bob)):
        subscribe(receiver, query=query)
    ring(party.pk)
    send()
    assert receiver.got[0].told["data"]["result"] == {"data": {"party": {"name": "Acme"}}}
    assert "fact" not in receiver.got[0].told["data"]  # that is for who may see facts
    with unit_of_work():
        role.permissions.filter(permission="base.party_view").delete()
    ring(party.pk)
    send()
    result = receiver.got[1].told["data"]["result"]
    assert (result["data"], result["errors"][0]["extensions"]["code"]) == ({"party": None}, "FORBIDDEN")


def test_a_webhook_made_with_a_token_sees_no_more_than_the_token(inside, receiver):
    ada = make_ada()
    with acting(restricted(actor_of(ada), ["webhooks.subscription_manage"])):
        subscribe(receiver, query="{ me { permissions } }")
    ring()
    send()
    data = receiver.got[0].told["data"]
    assert ("fact" in data, data["result"]["data"]["me"]["permissions"]) == (False, ["webhooks.subscription_manage"])


def test_whoever_changes_a_webhook_becomes_its_owner(inside, receiver):
    ada, bob = (
        make_ada(),
        make_bob(None, make_role("hooks", webhooks__subscription_manage="all", webhooks__webhook_subscription_view="all")),
    )
    with acting(actor_of(ada)):
        row, _secret = subscribe(receiver)
    with acting(actor_of(bob)):
        done(UPDATE, id=id_of(row), input={"query": "{ me { member { name } } }"})
        assert refusals(UPDATE, id=id_of(row), input={"url": "https://10.0.0.1/"}) == [("INVALID", "input.url")]
    ring()
    send()
    assert receiver.got[0].told["data"]["result"]["data"]["me"]["member"]["name"] == "Bob"


def test_without_its_owner_a_webhook_is_disabled(inside, receiver):
    make_ada()
    bob = make_bob(None, make_role("hooks", webhooks__subscription_manage="all"))
    with acting(actor_of(bob)):
        subscribe(receiver)
    ring()
    deactivate_member(member=Member.objects.get(pk=bob.pk))
    send()
    assert (receiver.got, WebhookSubscription.objects.get().why) == ([], "its owner is gone")


@pytest.mark.parametrize(
    ("wish", "field"),
    [
        ({"url": "https://169.254.169.254/"}, "input.url"),
        ({"url": "ftp://hooks.example.com/"}, "input.url"),
        ({"events": []}, "input.events"),
        ({"events": ["*", "webhooktest.bell_eaten"]}, "input.events.1"),
        ({"events": ["nomodule.*"]}, "input.events.0"),
        ({"name": " "}, "input.name"),
        ({"query": "{ nothing }"}, "input.query"),
        ({"query": "{ me {"}, "input.query"),
        ({"query": 'mutation { moduleEnable(input: {module: "crm"}) { userErrors { code } } }'}, "input.query"),
        ({"query": "query ($a: ID!) { party(id: $a) { name } }"}, "input.query"),
        ({"query": "query ($subject: ID!) { parties(after: $subject) { totalCount } }"}, "input.query"),
        ({"query": "{ __schema { types { name } } }" * 2}, "input.query"),
        ({"query": "{ me { tenant } }" + " " * 5000}, "input.query"),
    ],
)
def test_what_cannot_be_is_refused_with_its_place(ada, receiver, wish, field):
    values = {"name": "Bells", "url": receiver.url, "events": ["*"]} | wish
    assert [place for _code, place in refusals(CREATE, input=values)] == [field]
    assert not WebhookSubscription.objects.exists()


def test_webhooks_are_for_who_holds_the_right(as_member, receiver):
    as_member("webhooks.webhook_subscription_view", "webhooks.webhook_delivery_view")
    wish = {"name": "Bells", "url": receiver.url, "events": ["*"]}
    assert codes(ask(CREATE, input=wish)) == ["FORBIDDEN"]
    with unit_of_work():
        row = WebhookSubscription(name="x", url=receiver.url, events=["*"], owner=new_id(), secret="")
        row.save()
        made = WebhookDelivery(subscription=row, name="x", subject=new_id(), state=State.DONE)
        made.save()
    assert codes(ask(UPDATE, id=id_of(row), input={"active": False})) == ["FORBIDDEN"]
    assert codes(ask(REPLAY, id=id_of(made))) == ["FORBIDDEN"]
    assert codes(ask("{ webhookAttempts { nodes { id } } }")) == ["FORBIDDEN"]
