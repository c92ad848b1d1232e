"""A credential of one company is worth nothing on another's host, on real hosts and over HTTP."""

import pytest
from django.test import Client
from tessera.testing.sweep.findings import undone
from tessera.testing.sweep.worlds import raw

from tenants.models import Tenant
from tests.isolation.carried import CARRIED
from tests.isolation.credentials import CREDENTIALS, NOWHERE, as_bearer, as_cookie, file_of, is_worthless


@pytest.mark.parametrize("name", CREDENTIALS)
def test_a_credential_is_worth_something_at_home_and_nothing_abroad(companies, name):
    credential = CREDENTIALS[name]
    with undone(companies.asked):
        here, there = (credential.make(companies, place) for place in (companies.asked, companies.other))
        assert is_worthless(credential, companies.asked, there)
        assert is_worthless(credential, companies.other, here)
        assert not is_worthless(credential, companies.asked, here)


@pytest.mark.parametrize("carried", CARRIED, ids=lambda each: each.__name__)
def test_nothing_is_carried_into_another_company(companies, carried):
    carried(companies)


def test_a_file_of_another_company_is_like_one_that_never_was(companies):
    there = companies.asked.get(file_of(companies))
    nowhere = companies.asked.get(f"/files/{NOWHERE}")
    assert there.status_code == 404
    assert raw(there) == raw(nowhere)


def test_unknown_hosts_get_the_same_bytes_whatever_they_ask_for(companies):
    answers = {
        raw(Client().generic(method, path, headers={"host": host, "authorization": f"Bearer {companies.asked.secret}"}))
        for host in ("nobody.localhost", "example.org", "A.example.org:8000", "a.a.localhost")
        for method, path in (("GET", "/"), ("POST", "/graphql"), ("GET", "/files/x"), ("POST", "/session"), ("GET", "/signup"))
    }
    assert len(answers) == 1
    assert next(iter(answers)).startswith(b"404 ")


def test_a_suspended_company_says_so_everywhere_and_nothing_else(companies):
    with undone(companies.asked):
        Tenant.objects.filter(pk=companies.asked.tenant.pk).update(state=Tenant.State.SUSPENDED)
        host = companies.asked.host
        answers = {
            raw(Client().generic(method, path, headers={"host": host}))
            for method, path in (
                ("GET", "/"),
                ("POST", "/graphql"),
                ("GET", f"/files/{NOWHERE}"),
                ("POST", "/session"),
                ("GET", "/session/start"),
            )
        }
        answers |= {raw(use(companies.asked, companies.asked.secret)) for use in (as_bearer, as_cookie)}
        assert len(answers) == 1
        answer = next(iter(answers))
        assert answer.startswith(b"403 ")
        assert b'"code": "TENANT_SUSPENDED"' in answer
