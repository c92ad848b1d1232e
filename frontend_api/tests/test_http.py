"""GraphQL over HTTP: forms, statuses and media types, through the whole stack of a request."""

import logging

import orjson
import pytest
import redis
from django.db import connections
from django.test import Client
from psycopg_pool import PoolTimeout
from tessera.context import ANONYMOUS, EVERYTHING, Actor
from tessera.fields import new_id
from tessera.graph import requests
from tessera.graph.build import build
from tessera.module import modules
from tessera.resource import RESOURCES, Action
from tessera.service import service

from frontend_api import health, views
from tenants.epoch import forget_tenants

GRAPHQL, JSON = "application/graphql-response+json", "application/json"
LIST = "{ companies { totalCount } }"


def codes(response):
    return [error["extensions"]["code"] for error in orjson.loads(response.content)["errors"]]


def test_a_request_for_which_no_connection_is_free_in_time_is_told_so(post, monkeypatch):
    def none_is_free(request, tenant):
        with connections["default"].wrap_database_errors:
            raise PoolTimeout("couldn't get a connection after 30.00 sec")

    monkeypatch.setattr(views, "authenticate", none_is_free)
    response = post()
    assert (response.status_code, codes(response)) == (504, ["TIMEOUT"])


def test_a_query_is_answered_in_the_tenant_of_the_host(post):
    response = post()
    assert (response.status_code, response.json()["data"]) == (200, {"companies": {"totalCount": 0}})
    assert response["Content-Type"] == "application/json; charset=utf-8"
    assert response["Cache-Control"] == "no-store"


def test_variables_and_operation_names_are_taken(post):
    body = {"query": "query A { a: __typename } query B($n: Int) { companies(first: $n) { totalCount } }", "operationName": "B"}
    assert post(body | {"variables": {"n": 1}}).json()["data"] == {"companies": {"totalCount": 0}}
    assert codes(post(body | {"operationName": "C"})) == ["BAD_INPUT"]
    assert codes(post(body | {"operationName": None})) == ["BAD_INPUT"]


@pytest.mark.parametrize(
    "accept, media_type",
    [
        ("*/*", JSON),
        ("application/*", JSON),
        (JSON, JSON),
        (GRAPHQL, GRAPHQL),
        (f"{GRAPHQL}, {JSON};q=0.9", GRAPHQL),
        (f"{GRAPHQL};q=0.5, {JSON}", JSON),
        (f"text/html, {GRAPHQL}; charset=utf-8", GRAPHQL),
    ],
)
def test_the_client_chooses_the_media_type(post, accept, media_type):
    assert post(accept=accept)["Content-Type"] == f"{media_type}; charset=utf-8"


@pytest.mark.parametrize("accept", ["text/html", "image/*;q=1", f"{JSON};q=0", f"{JSON};q=x"])
def test_what_cannot_be_given_is_not_acceptable(post, accept):
    assert post(accept=accept).status_code == 406


@pytest.mark.parametrize(
    "content_type",
    ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "application/graphql", ""],
)
def test_only_json_is_read(post, content_type):
    response = post(content_type=content_type)
    assert (response.status_code, codes(response)) == (415, ["BAD_INPUT"])
    assert post(content_type="application/json; charset=utf-8").status_code == 200


@pytest.mark.parametrize("method", ["put", "delete", "options", "patch"])
def test_only_get_and_post_are_answered(tenant, actor, method):
    response = getattr(Client(), method)("/graphql", headers={"host": "a.localhost"})
    assert (response.status_code, response["Allow"]) == (405, "GET, POST")


@pytest.fixture
def get(tenant, actor):
    """Return a function that gets from tenant A."""
    client = Client()
    return lambda parameters, **headers: client.get("/graphql", parameters, headers={"host": "a.localhost", **headers})


def test_a_get_reads(get):
    query = "query($n: Int) { companies(first: $n) { totalCount } }"
    response = get({"query": query, "variables": '{"n": 1}', "operationName": ""})
    assert (response.status_code, response.json()["data"]) == (200, {"companies": {"totalCount": 0}})


def test_a_get_never_writes(get):
    response = get({"query": 'mutation { unitCreate(input: {code: "x", name: "x"}) { node { id } } }'})
    assert (response.status_code, response["Allow"], codes(response)) == (405, "POST", ["BAD_INPUT"])


@pytest.mark.parametrize(
    "parameters", [{}, {"query": ""}, {"query": "{ __typename }", "variables": "{"}, {"query": "x", "extensions": "7"}]
)
def test_a_get_that_is_no_request_is_a_bad_request(get, parameters):
    assert get(parameters, accept=GRAPHQL).status_code == 400


@pytest.mark.parametrize(
    "body",
    [
        b" ",
        b"{",
        b"[]",
        b'[{"query": "{ __typename }"}]',
        b"7",
        b"null",
        b"{}",
        b'{"query": ""}',
        b'{"query": 7}',
        b'{"query": "{ __typename }", "variables": []}',
        b'{"query": "{ __typename }", "variables": {"a": NaN}}',
        b'{"query": "{ __typename }", "operationName": {}}',
        b'{"query": "{ __typename }", "extensions": "x"}',
        b'{"query": "\xff"}',
    ],
)
@pytest.mark.parametrize("accept", [JSON, GRAPHQL])
def test_a_body_that_is_no_request_is_a_bad_request(post, body, accept):
    response = post(body, accept=accept)
    assert (response.status_code, codes(response)) == (400, ["BAD_INPUT"])


@pytest.mark.parametrize(
    "query", ["{", "{ unknown }", "query($n: Int!) { companies(first: $n) { totalCount } }", "{ " + "a: __typename " * 11 + "}"]
)
def test_a_document_that_is_not_run_is_a_bad_request_in_the_newer_type_only(post, query):
    assert post({"query": query}, accept=GRAPHQL).status_code == 400
    response = post({"query": query}, accept=JSON)
    assert response.status_code == 200
    assert "data" not in response.json()


def test_a_field_that_fails_is_a_partial_answer(post):
    body = {"query": "{ companies { totalCount } parties { totalCount } }"}
    for accept in (JSON, GRAPHQL):
        response = post(body, accept=accept)
        assert (response.status_code, codes(response)) == (200, ["FORBIDDEN"])
        assert response.json()["data"] == {"companies": {"totalCount": 0}, "parties": None}


def test_a_large_body_is_refused_unread(post, settings):
    response = post(b'{"query": "' + b"x" * 10_000_000 + b'"}')
    assert (response.status_code, codes(response)) == (413, ["TOO_COMPLEX"])
    settings.TESSERA_MAX_BODY = 20
    assert post().status_code == 413
    settings.TESSERA_MAX_BODY = 1000
    assert post().status_code == 200


def test_nobody_is_answered_nothing(post, actor):
    actor(ANONYMOUS)
    for query in (LIST, "{ __schema { types { name } } }", "{ unknown }", "{"):
        response = post({"query": query})
        assert (response.status_code, codes(response)) == (401, ["UNAUTHENTICATED"])
        assert "data" not in response.json()


def test_a_public_service_needs_nobody_to_sign_in(post, actor, monkeypatch):
    told = []

    def tell(*, token: str) -> int:
        told.append(token)
        return len(told)

    public = service(public=True)(tell)
    companies = RESOURCES["Company"]
    object.__setattr__(companies, "actions", (*companies.actions, Action("tell", public)))
    try:
        anew = build(frozenset(modules()))
        monkeypatch.setattr(requests, "whole_schema", lambda: anew)
        actor(ANONYMOUS)
        telling = 'companyTell(input: {token: "t"}) { result userErrors { code } }'
        response = post({"query": f"mutation {{ {telling} }}"})
        assert response.json()["data"] == {"companyTell": {"result": 1, "userErrors": []}}
        for more in ("__typename", 'companyCreate(input: {code: "x"}) { node { id } }', "...f"):
            fragment = "fragment f on Mutation { __typename }" if more == "...f" else ""
            assert post({"query": f"mutation {{ {telling} {more} }} {fragment}"}).status_code == 401
        assert told == ["t"]
    finally:
        object.__setattr__(companies, "actions", companies.actions[:-1])


def test_messages_are_in_the_language_of_the_client_or_the_company(post, actor, tenant):
    actor(
        Actor(
            kind="member",
            member_id=new_id(),
            name="bob",
            grants=dict.fromkeys(("base.unit_create", "base.unit_view"), EVERYTHING),
        )
    )
    body = {"query": 'mutation { unitCreate(input: {code: "", name: "x"}) { userErrors { message } } }'}

    def message(**headers):
        return post(body, **headers).json()["data"]["unitCreate"]["userErrors"][0]["message"]

    english, chinese = message(), message(**{"accept-language": "zh-CN,zh;q=0.9"})
    assert english == "This field cannot be blank."
    assert chinese != english
    assert message(**{"accept-language": "en"}) == english
    tenant.language = "zh-hans"
    tenant.save()
    forget_tenants()
    assert message() == chinese


def test_an_unknown_host_has_no_api(post):
    assert post(host="nowhere.localhost").status_code == 404


def test_a_request_with_cookies_needs_a_header_that_forms_cannot_send(post):
    refused = post(cookie="theme=dark")
    assert (refused.status_code, codes(refused)) == (403, ["FORBIDDEN"])
    assert post(cookie="theme=dark", **{"x-tessera-request": "1"}).status_code == 200
    assert post(cookie="theme=dark", authorization="Bearer x").status_code == 200


def test_a_defect_before_execution_is_masked_too(post, monkeypatch, caplog):
    def broken(*_):
        raise RuntimeError("secret")

    monkeypatch.setattr(views, "answer_here", broken)
    with caplog.at_level(logging.ERROR):
        response = post()
    assert (response.status_code, codes(response)) == (500, ["INTERNAL"])
    assert b"secret" not in response.content
    assert response.json()["errors"][0]["extensions"]["errorId"] in caplog.text


def test_health_tells_of_each_part(tenant, monkeypatch):
    response = Client().get("/health", headers={"host": "localhost"})
    assert (response.status_code, response.json()) == (200, {"default": True, "shared": True, "valkey": True})

    def gone():
        raise redis.ConnectionError("gone")

    monkeypatch.setattr(health, "client", gone)
    response = Client().get("/health", headers={"host": "localhost"})
    assert (response.status_code, response.json()) == (503, {"default": True, "shared": True, "valkey": False})


def test_the_accounts_host_has_an_api_of_its_own(post):
    response = post(
        {"query": "{ __schema { queryType { fields { name } } mutationType { fields { name } } } }"}, host="localhost"
    )
    found = response.json()["data"]["__schema"]
    names = {field["name"] for root in found.values() if root for field in root["fields"]}
    assert "signUp" in names
    assert not {"parties", "partyCreate", "node"} & names


def test_an_answer_beyond_the_limit_is_not_sent(post, settings):
    settings.TESSERA_MAX_ANSWER = 50
    response = post()
    assert codes(response) == ["TOO_COMPLEX"]
    assert response.json()["errors"][0]["extensions"]["limit"] == "answer"


def test_the_schema_is_for_developers_in_production(post, actor, settings):
    settings.TESSERA_OPEN_INTROSPECTION = False
    for query in ("{ __schema { types { name } } }", '{ companies { totalCount } x: __type(name: "Party") { name } }'):
        response = post({"query": query})
        assert (response.status_code, codes(response)) == (403, ["FORBIDDEN"])
    assert post({"query": "{ __typename }"}).status_code == 200
    actor(Actor(kind="member", member_id=new_id(), name="dev", grants={"access.api_explore": EVERYTHING}))
    assert post({"query": "{ __schema { queryType { name } } }"}).json()["data"]["__schema"]["queryType"]["name"] == "Query"
