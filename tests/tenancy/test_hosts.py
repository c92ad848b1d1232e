"""Every request is inside one tenant, on the accounts host, or told nothing."""

import json
import time
from uuid import uuid4

import pytest
from django.db import connections
from django.http import HttpResponse
from django.test import Client, RequestFactory
from psycopg_pool import PoolTimeout
from tessera.context import current, current_or_none
from tessera.errors import Refused

from tenants import epoch
from tenants.directory import find
from tenants.hosts import host_of, place_of
from tenants.middleware import TenantMiddleware
from tenants.models import Domain, Tenant
from tenants.provisioning import set_state


def ask(host: str, view=None):
    """Send a request through the middleware; return the response and what the view saw."""
    seen = {}

    def answer(request):
        seen["tenant"], seen["accounts"], seen["context"] = request.tenant, request.is_accounts_host, current_or_none()
        return view(request) if view else HttpResponse("answered")

    return TenantMiddleware(answer)(RequestFactory().get("/", HTTP_HOST=host)), seen


@pytest.mark.parametrize("host", ["a.localhost", "A.LocalHost", "a.localhost:8000", "a.localhost.", " a.localhost.:443 "])
def test_a_host_leads_to_its_tenant_however_it_is_written(tenant, host):
    response, seen = ask(host)
    assert response.content == b"answered"
    assert seen["tenant"] == seen["context"].tenant == tenant.ref()
    assert "base" in seen["context"].modules
    assert seen["context"].actor.kind == "anonymous"
    assert seen["accounts"] is False


@pytest.mark.parametrize("host", ["localhost", "accounts.localhost:8000", "www.localhost.", "LOCALHOST"])
def test_the_accounts_host_is_in_no_tenant(tenant, host):
    _, seen = ask(host)
    assert seen == {"tenant": None, "accounts": True, "context": None}


def test_unknown_hosts_all_get_the_same_bytes(tenant):
    Tenant.objects.filter(pk=tenant.pk).update(state=Tenant.State.DELETED)
    odd = [
        "nobody.localhost",
        "a.localhost",
        "example.org",
        "",
        "[::1]:8000",
        "a b",
        "a.localhost/x",
        "-",
        "a..",
        "x" * 400,
        "ä.localhost",
    ]
    answers = {(r.status_code, r.content, tuple(sorted(r.headers.items()))) for r, _ in map(ask, odd)}
    assert len(answers) == 1
    assert next(iter(answers))[0] == 404


def test_a_tenant_that_is_not_ready_is_unknown(tenant):
    Tenant.objects.filter(pk=tenant.pk).update(state=Tenant.State.PREPARING)
    response, seen = ask("a.localhost")
    assert (response.status_code, seen) == (404, {})


@pytest.mark.parametrize("accept", ["application/json", "text/html"])
@pytest.mark.parametrize("where", ["the host", "the view"])
def test_whoever_finds_no_connection_free_is_told_to_come_back(tenant, monkeypatch, where, accept):
    def none_is_free(*_):
        with connections["shared"].wrap_database_errors:
            raise PoolTimeout("couldn't get a connection after 30.00 sec")

    place = ("tenants.middleware", "place_of") if where == "the host" else ("frontend_api.home", "current_or_none")
    monkeypatch.setattr(".".join(place), none_is_free)
    headers = {"host": "a.localhost", "accept": accept}
    response = Client().get("/", headers=headers)
    assert response.status_code == 504
    if accept == "text/html":
        assert "Please try again in a minute." in response.text
        assert "请一分钟后再试。" in Client().get("/", headers=headers | {"accept-language": "zh-CN"}).text
    else:
        assert response.json()["errors"][0]["extensions"] == {"code": "TIMEOUT"}


def test_a_suspended_tenant_gets_one_clear_code(tenant):
    set_state(tenant=tenant, state=Tenant.State.SUSPENDED)
    response, seen = ask("a.localhost")
    assert (response.status_code, seen) == (403, {})
    assert json.loads(response.content)["errors"][0]["extensions"] == {"code": "TENANT_SUSPENDED"}
    set_state(tenant=tenant, state=Tenant.State.ACTIVE)
    assert ask("a.localhost")[0].status_code == 200


def test_a_fenced_tenant_is_told_to_come_back(tenant):
    Tenant.objects.filter(pk=tenant.pk).update(state=Tenant.State.FENCED)
    assert ask("a.localhost")[0].status_code == 503


def test_a_deleted_tenant_is_not_opened_again(tenant):
    Tenant.objects.filter(pk=tenant.pk).update(state=Tenant.State.DELETED)
    with pytest.raises(Refused) as refused:
        set_state(tenant=tenant, state=Tenant.State.ACTIVE)
    assert refused.value.problems[0].code == "STATE"


def test_the_tenant_is_left_whatever_happens(tenant):
    def crash(request):
        assert current().tenant == tenant.ref()
        raise RuntimeError

    with pytest.raises(RuntimeError):
        ask("a.localhost", crash)
    assert current_or_none() is None
    assert connections["default"].schema_name == "public"


def test_the_accounts_say_who_asks(tenant, monkeypatch):
    from tessera.context import Actor

    from tenants import middleware

    def ada(request, ref):
        assert current().tenant == ref
        return Actor(kind="member", name="ada")

    monkeypatch.setattr(middleware, "authenticate", ada)
    assert ask("a.localhost")[1]["context"].actor.name == "ada"


@pytest.mark.parametrize(
    ("header", "name"),
    [("A.Example.COM:443", "a.example.com"), ("a.b.", "a.b"), ("", ""), ("[::1]:80", ""), ("a\0b", ""), ("..", ""), ("a_b", "")],
)
def test_host_headers_are_made_equal(header, name):
    assert host_of(header) == name


@pytest.mark.committed
def test_a_host_is_looked_up_once_until_something_changes(tenant, django_assert_num_queries):
    epoch.forget_tenants()
    with django_assert_num_queries(2, connection=connections["shared"]):
        assert place_of("a.localhost").state == "active"
    with django_assert_num_queries(0, connection=connections["shared"]):
        assert place_of("a.localhost").tenant == tenant.ref()
    set_state(tenant=tenant, state=Tenant.State.SUSPENDED)
    assert place_of("a.localhost").state == "suspended"


@pytest.mark.committed
def test_a_background_task_finds_its_tenant_once_until_something_changes(tenant, django_assert_num_queries):
    epoch.forget_tenants()
    with django_assert_num_queries(1, connection=connections["shared"]):
        found = find(tenant.pk)
    with django_assert_num_queries(0, connection=connections["shared"]):
        assert find(tenant.pk) == found
    assert found[0] == tenant.ref()
    set_state(tenant=tenant, state=Tenant.State.SUSPENDED)
    with pytest.raises(LookupError):
        find(tenant.pk)


@pytest.mark.committed
def test_another_process_notices_a_change_by_the_epoch(tenant):
    assert place_of("a.localhost").state == "active"
    Tenant.objects.filter(pk=tenant.pk).update(state=Tenant.State.SUSPENDED)
    assert place_of("a.localhost").state == "active"
    epoch.client().set(epoch.EPOCH, uuid4().hex)  # as another process would
    time.sleep(epoch.FRESH)
    assert place_of("a.localhost").state == "suspended"


@pytest.mark.committed
def test_many_requests_at_once_ask_for_the_epoch_once(tenant, monkeypatch):
    asked, client = [], epoch.client
    monkeypatch.setattr(epoch, "client", lambda: asked.append(1) or client())
    monkeypatch.setattr(epoch, "FRESH", 60)
    for _ in range(20):
        assert place_of("a.localhost").state == "active"
    assert len(asked) == 1
    set_state(tenant=tenant, state=Tenant.State.SUSPENDED)  # what this process changes it sees at once
    assert place_of("a.localhost").state == "suspended"


@pytest.mark.committed
def test_without_valkey_nothing_is_kept(tenant, monkeypatch):
    import redis

    def gone():
        raise redis.ConnectionError

    monkeypatch.setattr(epoch, "client", gone)
    assert place_of("a.localhost").state == "active"
    Tenant.objects.filter(pk=tenant.pk).update(state=Tenant.State.SUSPENDED)
    assert place_of("a.localhost").state == "suspended"


def test_a_domain_is_one_tenants(tenant, other_tenant):
    from django.db import IntegrityError

    with pytest.raises(IntegrityError):
        Domain.objects.create(tenant=other_tenant, domain="a.localhost")
