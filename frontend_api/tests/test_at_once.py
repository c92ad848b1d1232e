"""A request of somebody who was known a moment ago is answered in one trip, and by nothing that has changed since."""

import json
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from uuid import uuid4

import pytest
import time_machine
from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from tessera.access.models import RoleAssignment
from tessera.access.services import assign_role, deactivate_member, unassign_role
from tessera.access.services.tokens import digest
from tessera.access.tests.people import make_role
from tessera.accounts import recalled
from tessera.accounts.models import Account
from tessera.accounts.tests.apps import Telephone, register
from tessera.accounts.tests.hosts import Browser, host_of, join, make_account, personal_token, program_token
from tessera.accounts.tests.test_standing import ENDS
from tessera.context import system
from tessera.db import ahead
from tessera.graph import sent, statements
from tessera.testing.plugin import entered

from frontend_api import views

LIST = "query Parties($n: Int) { parties(first: $n) { nodes { name } } }"
KINDS = ("session", "cookie", "personal", "narrow", "app")


@pytest.fixture
def bob(tenant, settings):
    """Let bob see parties; return his member and account."""
    settings.CACHES = {"default": {**settings.CACHES["default"], "KEY_PREFIX": f"test:{uuid4()}"}}
    account = make_account("bob@example.com", name="Bob")
    member = join(tenant, account)
    with entered(tenant, actor=system("test")):
        assign_role(member=member, role=make_role("reader", base__party_view="all"))
    return member, account


@pytest.fixture
def secrets(tenant, bob):
    """Return one secret of bob's of every kind."""
    member, account = bob
    browser = Browser()
    browser.sign_in("bob@example.com")
    phone = Telephone(register("base:view"), browser, scope="base:view").sign_in(tenant)
    session = program_token(browser, tenant, account)
    return {
        "session": session,
        "cookie": session,
        "personal": personal_token(tenant, member).secret,
        "narrow": personal_token(tenant, member, ["base.party_view"]).secret,
        "app": phone.tokens["access_token"],
    }


@pytest.fixture
def at_once(monkeypatch):
    """Note for each request that was tried at once whether that was its answer."""
    tried, answer = [], views.answer_at_once

    def noted(*given):
        tried.append(answer(*given))
        return tried[-1]

    monkeypatch.setattr(views, "answer_at_once", noted)
    return tried


def ask(tenant, secret, kind="personal", text=LIST, **headers):
    client, host = Client(), host_of(tenant)
    headers |= {"host": host, "x-tessera-request": "1"}
    if kind == "cookie":
        client.cookies["tessera"] = secret
        headers = {"origin": f"http://{host}"} | headers
    else:
        headers["authorization"] = f"Bearer {secret}"
    return client.post("/graphql", json.dumps({"query": text, "variables": {"n": 3}}), "application/json", headers=headers)


@pytest.mark.parametrize("kind", KINDS)
def test_the_second_answer_is_the_first_one_in_one_statement_of_each_database(tenant, secrets, at_once, kind):
    first = ask(tenant, secrets[kind], kind)
    ask(tenant, secrets[kind], kind)
    with CaptureQueriesContext(connections["default"]) as here, CaptureQueriesContext(connections["shared"]) as public:
        again = ask(tenant, secrets[kind], kind)
    assert (first.status_code, first.json()["data"]) == (200, {"parties": {"nodes": []}})
    assert again.json()["data"] == first.json()["data"]
    assert at_once[-1] is not None
    asked = [each["sql"] for each in public if "tenants_" not in each["sql"]]  # which are remembered outside of a transaction
    assert (len(here), len(asked)) == (1, 1)


@pytest.mark.parametrize("end", ENDS, ids=lambda end: end.__name__ if end else "nothing")
def test_what_ended_is_refused_however_well_it_was_known(tenant, bob, secrets, at_once, end):
    for kind in KINDS:
        assert [ask(tenant, secrets[kind], kind).status_code for _ in range(3)] == [200] * 3  # the first one notes its use
        assert at_once[-1] is not None
    if end:
        with entered(tenant, actor=system("test")):
            end(tenant, *bob, secrets)
    ended = ENDS[end] | ({"cookie"} if "session" in ENDS[end] else set())
    assert {kind for kind in KINDS if ask(tenant, secrets[kind], kind).status_code == 401} == ended


def test_a_right_that_is_lost_is_lost_at_once(tenant, bob, secrets, at_once):
    for _ in range(2):
        assert "errors" not in ask(tenant, secrets["personal"]).json()
    with entered(tenant, actor=system("test")):
        unassign_role(role_assignment=RoleAssignment.objects.get(member=bob[0]))
    lost = ask(tenant, secrets["personal"]).json()
    assert [error["extensions"]["code"] for error in lost["errors"]] == ["FORBIDDEN"]
    assert at_once[-1] is None


def test_who_was_known_with_other_modules_on_is_asked_for_anew(tenant, secrets):
    ask(tenant, secrets["personal"])
    hash = digest(secrets["personal"])
    with entered(tenant, actor=system("test")):
        assert recalled.recalled(hash) is not None
    with entered(tenant, actor=system("test"), modules=frozenset({"base"})):
        assert recalled.recalled(hash) is None
    with entered(tenant, actor=system("test")), time_machine.travel(timezone.now() + timedelta(days=1)):
        assert recalled.recalled(hash) is None


def test_a_cookie_of_another_site_is_refused_however_well_it_was_known(tenant, secrets):
    for _ in range(2):
        assert ask(tenant, secrets["cookie"], "cookie").status_code == 200
    assert ask(tenant, secrets["cookie"], "cookie", origin="http://evil.example").status_code == 403


def test_what_is_more_than_one_known_statement_is_answered_as_ever(tenant, secrets, at_once):
    ask(tenant, secrets["personal"])
    asked = {
        "{ me { member { name } } }": {"me": {"member": {"name": "Bob"}}},
        "{ __typename }": {"__typename": "Query"},
    }
    for text, data in asked.items():
        assert ask(tenant, secrets["personal"], text=text).json()["data"] == data
    mutation = 'mutation { partyCreate(input: {name: "x", kind: PERSON}) { node { name } } }'
    refused = ask(tenant, secrets["personal"], text=mutation).json()
    assert [error["extensions"]["code"] for error in refused["errors"]] == ["FORBIDDEN"]
    assert at_once == [None] * (len(asked) + 1)


WRONG = {
    "{ parties { nodes { nope } } }": "BAD_INPUT",
    "{ parties": "BAD_INPUT",
    "query Wrong($n: Int!) { parties(first: $n) { nope } }": "BAD_INPUT",
    "query Odd($n: [String!]) { parties(filter: {name: {in: $n}}) { totalCount } }": "BAD_INPUT",  # for $n, which is 3
    "{ " + " ".join(f"a{each}: parties {{ totalCount }}" for each in range(31)) + " }": "TOO_COMPLEX",
}


@pytest.mark.parametrize("text", WRONG, ids=range(len(WRONG)))
def test_what_the_schema_refuses_whoever_sends_it_is_worth_no_statement(tenant, secrets, text):
    ask(tenant, secrets["personal"])
    with CaptureQueriesContext(connections["default"]) as here, CaptureQueriesContext(connections["shared"]) as public:
        answer = ask(tenant, secrets["personal"], text=text).json()
    assert {error["extensions"]["code"] for error in answer["errors"]} == {WRONG[text]}
    assert not here.captured_queries
    assert [each["sql"] for each in public if "tenants_" not in each["sql"]] == []


def test_somebody_who_was_known_gets_no_more_than_refusals_without_proof(tenant, bob, secrets):
    for text in (LIST, "{ me { member { name } } }"):
        ask(tenant, secrets["personal"], text=text)
    with entered(tenant, actor=system("test")):
        deactivate_member(member=bob[0])
    assert ask(tenant, secrets["personal"], text=next(iter(WRONG))).status_code == 200
    mutation = 'mutation { partyCreate(input: {name: "x", kind: PERSON}) { node { name } } }'
    for text in (LIST, "{ me { member { name } } }", "{ __typename }", "{ __schema { queryType { name } } }", mutation):
        assert ask(tenant, secrets["personal"], text=text).status_code == 401


def test_who_has_no_points_left_is_refused_without_a_statement(tenant, secrets, settings):
    settings.TESSERA_BUDGETS = settings.TESSERA_BUDGETS | {"person": (100, 0.01)}  # the company is of other tests too
    texts = [f"{{ parties {{ nope{each} }} }}  # to read this costs thirty points {'.' * 250}" for each in range(6)]
    assert [ask(tenant, secrets["personal"], text=text).status_code for text in texts[:-1]] == [200, 200, 200, 429, 429]
    with CaptureQueriesContext(connections["default"]) as here:
        again = ask(tenant, secrets["personal"], text=texts[-1])
    assert (again.status_code, again.json()["errors"][0]["extensions"]["code"]) == (429, "RATE_LIMITED")
    assert not here.captured_queries


def test_it_is_the_proof_that_refuses_whoever_was_known(tenant, bob, secrets, monkeypatch):
    """Plant a reader that does not look at it: somebody who was deactivated is answered."""
    for _ in range(2):
        ask(tenant, secrets["personal"])
    with entered(tenant, actor=system("test")):
        deactivate_member(member=bob[0])
    with monkeypatch.context() as planted:
        planted.setattr(statements, "proven", lambda text, given, proof: sent.row_of(text, [*proof.here.parameters, *given])[1:])
        assert ask(tenant, secrets["personal"]).status_code == 200
    assert ask(tenant, secrets["personal"]).status_code == 401


@pytest.mark.committed
def test_no_request_that_begins_after_an_account_was_closed_is_answered(tenant, bob, secrets, monkeypatch):
    """Though requests of one account that come at once share what proves it."""
    closed, asked, proofs, ask_ahead = [], [], [], ahead._ask
    monkeypatch.setattr(ahead, "_ask", lambda *given: proofs.append(given) or ask_ahead(*given))

    def go_on(_worker):
        while not closed or time.monotonic() < closed[0] + 0.3:
            began = time.monotonic()
            asked.append((began, ask(tenant, secrets["personal"]).status_code))
        connections.close_all()

    ask(tenant, secrets["personal"])
    with ThreadPoolExecutor(6) as pool:
        going = pool.map(go_on, range(6))
        while len(asked) < 100:
            time.sleep(0.01)
        before = len(asked)
        Account.objects.filter(pk=bob[1].pk).update(is_active=False)
        closed.append(time.monotonic())
        list(going)
    assert {status for _, status in asked[:before]} == {200}
    assert {status for began, status in asked if began > closed[0]} == {401}
    assert 0 < len(proofs) < len(asked)


@pytest.mark.committed
@pytest.mark.parametrize("kind", KINDS)
def test_connections_are_taken_in_one_order_by_everybody(tenant, secrets, kind, monkeypatch):
    """Where some took the tenant's first, and both pools were empty, each would wait for what the other holds."""
    taken, connect = [], BaseDatabaseWrapper.connect
    monkeypatch.setattr(BaseDatabaseWrapper, "connect", lambda self: taken.append(self.alias) or connect(self))
    for text in (LIST, LIST, LIST, "{ me { member { name } } }", "{ parties { totalCount } }"):
        connections.close_all()
        taken.clear()
        assert "errors" not in ask(tenant, secrets[kind], kind, text).json()
        assert taken[:2] == ["shared", "default"]
        assert taken[2:] in ([], ["shared", "default"])  # a document was read meanwhile
