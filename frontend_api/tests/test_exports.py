"""A list comes out as a file, as far as whoever asks may see it."""

import csv
import io
from decimal import Decimal

import pytest
from django.conf import settings
from django.test import Client
from tessera.access.selectors import actor_of
from tessera.access.services import issue_token
from tessera.access.tests.people import make_bob, make_role
from tessera.accounts.models import Account
from tessera.context import acting, system
from tessera.crud import create_row
from tessera.custom.services import define_custom_field
from tessera.custom.values import CustomFieldInput
from tessera.graph import export as exports
from tessera.resource import resource_of
from tessera.testing.plugin import entered

from modules.base.models import Party, PartyRole
from modules.base.tests.factories import make_company

READ = {"base__party_view": "all", "base__party_role_view": "all", "base__company_view": "all"}


@pytest.fixture
def reader(tenant):
    """Return a function that gets a path as somebody with just these rights."""

    def get(path: str, **rights: str):
        account = Account.objects.create_user(f"p{Account.objects.count()}@example.com")
        with entered(tenant, actor=system("test")):
            bob = make_bob(account.pk, make_role(f"r{account.pk}"[:60], access__token_issue="own", **rights), email=account.email)
            with acting(actor_of(bob)):
                secret = issue_token(name="test", scopes=["*"]).secret
        client = Client(HTTP_HOST=f"{tenant.slug}.{settings.BASE_DOMAIN}", HTTP_AUTHORIZATION=f"Bearer {secret}")
        return client.get(path)

    return get


def rows_of(answer) -> list[dict[str, str]]:
    assert answer.status_code == 200, answer.content
    text = answer.content.decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text)))


@pytest.fixture
def parties(tenant):
    with entered(tenant, actor=system("test")):
        define_custom_field(label="base.Party", name="rank", title="Rank", kind="number")
        party = resource_of(Party)
        for code, name, rank in (("A", "=1+1", "2.50"), ("B", "-Bond", None), ("C", "Chai 茶", None)):
            custom = [CustomFieldInput("rank", rank)] if rank else None
            create_row(resource=party, values={"code": code, "name": name, "kind": "person"}, custom=custom)
        company = make_company()
        role = {"party": Party.objects.get(code="A"), "company": company, "role": "customer", "credit_limit": Decimal(500)}
        create_row(resource=resource_of(PartyRole), values=role)


def test_a_list_comes_out_with_its_custom_fields_and_without_formulas(parties, reader):
    answer = reader("/export/parties.csv", **READ, custom__custom_values_read="all")
    found = [(row["code"], row["name"], row["kind"], row["mergedInto"], row["custom.rank"]) for row in rows_of(answer)]
    assert found == [
        ("C", "Chai 茶", "PERSON", "", ""),
        ("B", "'-Bond", "PERSON", "", ""),
        ("A", "'=1+1", "PERSON", "", "2.5"),
    ]
    assert answer["Content-Disposition"] == 'attachment; filename="parties.csv"'


def test_pages_make_one_file(parties, reader, monkeypatch):
    monkeypatch.setattr(exports, "PAGE", 2)
    assert [row["code"] for row in rows_of(reader("/export/parties.csv", **READ))] == ["C", "B", "A"]


def test_more_rows_than_a_file_takes_are_refused(parties, reader, monkeypatch):
    monkeypatch.setattr(exports, "MOST_ROWS", 2)
    assert reader("/export/parties.csv", **READ).json()["errors"][0]["extensions"]["code"] == "TOO_COMPLEX"


def test_filter_and_search_are_those_of_the_list(parties, reader):
    assert [row["code"] for row in rows_of(reader('/export/parties.csv?filter={"code":{"in":["A","C"]}}', **READ))] == ["C", "A"]
    assert [row["code"] for row in rows_of(reader("/export/parties.csv?search=chai", **READ))] == ["C"]
    for wrong in ("filter=x", "filter=[1]", 'filter={"colour":{"eq":"red"}}'):
        assert reader(f"/export/parties.csv?{wrong}", **READ).json()["errors"][0]["extensions"]["code"] == "BAD_INPUT"


def test_rows_out_of_reach_and_hidden_fields_stay_in(parties, reader):
    assert rows_of(reader("/export/parties.csv", **READ | {"base__party_view": "own"})) == []
    (role,) = rows_of(reader("/export/partyRoles.csv", **READ))
    assert (role["role"], role["creditLimit"]) == ("CUSTOMER", "")
    (role,) = rows_of(reader("/export/partyRoles.csv", **READ, base__credit_limit_view="all"))
    assert Decimal(role["creditLimit"]) == 500
    assert {row["custom.rank"] for row in rows_of(reader("/export/parties.csv", **READ))} == {""}


def test_who_may_not_see_a_list_gets_no_file(parties, reader, tenant):
    refused = reader("/export/parties.csv", base__company_view="all")
    assert (refused.status_code, refused.json()["errors"][0]["extensions"]["code"]) == (403, "FORBIDDEN")
    assert reader("/export/nothings.csv", **READ).status_code == reader("/export/me.csv", **READ).status_code == 404
    stranger = Client(HTTP_HOST=f"{tenant.slug}.{settings.BASE_DOMAIN}").get("/export/parties.csv")
    assert stranger.status_code == 401
