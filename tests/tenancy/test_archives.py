"""A company takes the archive of a module before it deletes it; where the law keeps the data, that is what lets it go."""

import hashlib
import io
import json
from datetime import UTC, date, datetime
from urllib.parse import urlsplit
from zipfile import ZipFile

import pytest
import time_machine
from django.test import Client
from tessera.context import enter, system
from tessera.module import modules

from modules.crm.sales.services import capture_lead
from tenants import archives, switching, tasks
from tenants.installations import disable_module, enable_modules
from tenants.models import Installation
from tenants.provisioning import create_tenant
from tests.tenancy.people import member_of, owner_of

ARCHIVE = 'mutation { it: moduleArchive(input: {module: "sales"}) { result { label state } userErrors { field code } } }'
ARCHIVES = """query($module: String) { moduleArchives(module: $module) {
    id module title version madeAt madeBy { name } rows size purged confirmedAt download } }"""
PURGE = """mutation($archive: String!) { it: modulePurge(input: {module: "sales", confirmation: "sales", archive: $archive}) {
    result { modules { label state } } userErrors { field code message } } }"""


@pytest.fixture
def acme(_database, settings, tmp_path):
    """A company whose module sales is off and holds a lead."""
    settings.TESSERA_EXPORTS = tmp_path
    made = create_tenant(company="Acme", slug="acme", modules=["sales"])
    with enter(made.ref(), actor=system("test"), modules=frozenset({"base", "orders", "sales"})):
        capture_lead(company_name="Alfreds")
    disable_module(tenant=made, module="sales")
    return made


@pytest.fixture
def ada(acme):
    return owner_of(acme)


@pytest.fixture
def work(acme, monkeypatch):
    """Send no jobs; return a function that does those that were sent."""
    sent = []
    for place in (archives, switching):
        monkeypatch.setattr(place, "enqueue", lambda task, **arguments: sent.append((task, arguments)))

    def done():
        while sent:
            task, arguments = sent.pop(0)
            task(tenant_id=str(acme.id), **arguments)

    return done


@pytest.fixture
def law(monkeypatch):
    """A law that wants what sales holds until the year 2099."""
    monkeypatch.setattr(type(modules()["sales"]), "purgeable_from", lambda self, tenant: date(2099, 1, 1))


def files(person):
    return person.data(ARCHIVES)["moduleArchives"]


def fetched(person, link):
    return person.client.get(urlsplit(link).path)


def taken(person, work) -> bytes:
    """Have an archive made and download it."""
    assert person.data(ARCHIVE)["it"] == {"result": {"label": "sales", "state": "OFF"}, "userErrors": []}
    work()
    return b"".join(fetched(person, files(person)[0]["download"]).streaming_content)


def checksum(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def told(answer) -> list[tuple]:
    return [(error["code"], error["field"]) for error in answer["it"]["userErrors"]]


def test_an_archive_is_made_listed_and_downloaded(acme, ada, work):
    content = taken(ada, work)
    with ZipFile(io.BytesIO(content)) as archive:
        (lead,) = [json.loads(line) for line in archive.read("sales_lead.jsonl").splitlines()]
        manifest = json.loads(archive.read("manifest.json"))
    assert lead["company_name"] == "Alfreds"
    (shown,) = files(ada)
    assert (shown["module"], shown["title"], shown["version"], shown["madeBy"]) == ("sales", "Sales", "1.0", {"name": "Ada"})
    assert (shown["size"], shown["rows"]) == (len(content), sum(file["rows"] for file in manifest["files"].values()))
    assert (shown["purged"], shown["confirmedAt"], ada.data(ARCHIVES, module="orders")["moduleArchives"]) == (False, None, [])
    answer = fetched(ada, shown["download"])
    assert (answer["Content-Type"], answer["Cache-Control"]) == ("application/zip", "private, no-store")
    assert answer["Content-Disposition"].startswith('attachment; filename="sales-')


def test_a_link_is_good_for_ten_minutes_for_whoever_may_purge_and_here_alone(acme, ada, work, other_tenant):
    with time_machine.travel(datetime(2026, 3, 2, 9, tzinfo=UTC), tick=False) as clock:
        taken(ada, work)
        link = files(ada)[0]["download"]
        assert fetched(ada, link).status_code == 200
        assert fetched(ada, link + "x").status_code == 404
        bob = member_of(acme, installation__module_view="all", installation__module_switch="all")
        assert fetched(bob, link).status_code == 403
        assert fetched(owner_of(other_tenant, "eve"), link).status_code == 404
        assert Client(HTTP_HOST="acme.localhost").get(urlsplit(link).path).status_code == 401
        assert ada.client.post(urlsplit(link).path).status_code == 405
        clock.shift(601)
        assert fetched(ada, link).status_code == 404


def test_only_whoever_may_purge_makes_and_sees_archives(acme, work):
    bob = member_of(acme, installation__module_view="all", installation__module_switch="all")
    assert bob.codes(ARCHIVE) == bob.codes(ARCHIVES) == ["FORBIDDEN"]


def test_what_is_on_or_absent_has_no_archive_made(acme, ada, work):
    enable_modules(tenant=acme, modules=["sales"])
    assert told(ada.data(ARCHIVE)) == [("STATE", ["input", "module"])]
    disable_module(tenant=acme, module="sales")
    assert told(ada.data(PURGE, archive="")) == []
    work()
    assert told(ada.data(ARCHIVE)) == [("STATE", ["input", "module"])]
    (shown,) = files(ada)
    assert (shown["module"], shown["purged"]) == ("sales", True)


def test_what_the_law_keeps_is_purged_by_whoever_has_its_archive(acme, ada, work, law):
    (error,) = ada.data(PURGE, archive="")["it"]["userErrors"]
    assert (error["code"], error["field"]) == ("RETENTION", ["input", "archive"])
    assert "2099-01-01" in error["message"]
    impact = 'query { moduleImpact(module: "sales") { purgeableFrom } }'
    assert ada.data(impact)["moduleImpact"] == {"purgeableFrom": "2099-01-01"}
    content = taken(ada, work)
    assert told(ada.data(PURGE, archive=checksum(b"another file"))) == [("INVALID", ["input", "archive"])]
    assert Installation.objects.get(tenant=acme, module="sales").state == "off"
    assert told(ada.data(PURGE, archive=checksum(content).upper())) == []
    work()
    assert Installation.objects.get(tenant=acme, module="sales").state == "absent"
    last, first = files(ada)
    assert [(each["purged"], each["confirmedAt"] is not None) for each in (last, first)] == [(True, False), (False, True)]


def test_an_archive_of_what_was_before_does_not_let_go_of_what_is_now(acme, ada, work, law, tmp_path):
    content = taken(ada, work)
    enable_modules(tenant=acme, modules=["sales"])
    with enter(acme.ref(), actor=system("test"), modules=frozenset({"base", "orders", "sales"})):
        capture_lead(company_name="Berglunds")
    disable_module(tenant=acme, module="sales")
    ada.data(PURGE, archive=checksum(content))
    with pytest.raises(Exception, match="2099-01-01"):
        work()
    row = Installation.objects.get(tenant=acme, module="sales")
    assert (row.state, "2099-01-01" in row.why) == ("off", True)
    assert len(list(tmp_path.rglob("*.zip"))) == len(files(ada)) == 1


def test_the_clock_asks_for_the_archive_too(acme, ada, work, law):
    """The wish is public; the deed asks the tenant's own rows once more, whoever does it."""
    Installation.objects.filter(tenant=acme, module="sales").update(state="purging", since="2026-01-01T00:00:00Z")
    assert tasks.reconcile_tenants() == 0
    assert Installation.objects.get(tenant=acme, module="sales").state == "off"


def test_a_file_that_is_gone_has_no_link(acme, ada, work, tmp_path):
    taken(ada, work)
    link = files(ada)[0]["download"]
    for path in tmp_path.rglob("*.zip"):
        path.unlink()
    assert files(ada)[0]["download"] is None
    assert fetched(ada, link).status_code == 404
