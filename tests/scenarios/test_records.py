"""Somebody comments, tags, attaches and fills in over HTTP; others are refused, and learn nothing."""

import orjson
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from tessera.context import EVERYTHING, Actor, Reach, system
from tessera.custom.services import define_custom_field
from tessera.fields import new_id
from tessera.testing.plugin import entered
from tessera.unit_of_work import unit_of_work

from modules.base.models import Party

READ = (
    "base.party_view",
    "notes.comment_view",
    "notes.attachment_view",
    "notes.tagged_record_view",
    "notes.tag_view",
    "audit.audit_entry_view",
)
WRITE = ("base.party_update", "notes.comment_create", "notes.attachment_create", "notes.tagged_record_create")
CUSTOM = ("custom.custom_values_read", "custom.custom_values_set")
SHOWN = """{ parties(first: 5, filter: {tags: ["KEY"], customFields: [{name: "rank", op: GTE, value: "2"}]}) { nodes { name
    customFields { name value } comments(first: 5) { nodes { body } } tags(first: 5) { nodes { tag { name } } }
    attachments(first: 5) { nodes { name mediaType url } }
    audit(first: 5) { nodes { verb changes { field before after } } } } } }"""


def person(*rights: str, reach: Reach = EVERYTHING) -> Actor:
    return Actor(kind="member", member_id=new_id(), name="bob", grants=dict.fromkeys(rights, reach))


class Browser:
    """Asks over HTTP as somebody."""

    def __init__(self, monkeypatch) -> None:
        self.monkeypatch, self.client, self.host = monkeypatch, Client(), "a.localhost"
        self.be(person(*READ, *WRITE, *CUSTOM))

    def be(self, actor: Actor) -> None:
        self.monkeypatch.setattr("tenants.middleware.authenticate", lambda request, tenant: actor)

    def ask(self, text: str):
        body = orjson.dumps({"query": text})
        return self.client.post("/graphql", body, content_type="application/json", headers={"host": self.host}).json()

    def upload(self, record, name="note.html", content=b"<script>", **headers):
        form = {"label": "base.Party", "record": str(record), "file": SimpleUploadedFile(name, content, "text/html")}
        return self.client.post("/files", form, headers={"host": self.host, **headers})

    def download(self, url):
        return self.client.get(url, headers={"host": self.host})


@pytest.fixture
def browser(monkeypatch, settings, tmp_path) -> Browser:
    settings.MEDIA_ROOT = tmp_path
    return Browser(monkeypatch)


@pytest.fixture
def party(tenant) -> Party:
    with entered(tenant, actor=system("test")):
        define_custom_field(label="base.Party", name="rank", title="Rank", kind="number")
        with unit_of_work():
            made = Party(kind=Party.Kind.ORGANISATION, name="Acme", code="acme")
            made.save()
    return made


def on(party) -> str:
    return f'label: "base.Party", record: "{party.pk}"'


def test_a_record_takes_what_people_add_and_is_found_by_it(browser, party):
    said = browser.ask(f'mutation {{ commentCreate(input: {{{on(party)}, body: "Called."}}) {{ userErrors {{ code }} }} }}')
    assert said["data"] == {"commentCreate": {"userErrors": []}}
    tagged = browser.ask(f'mutation {{ taggedRecordCreate(input: {{{on(party)}, tag: "Key"}}) {{ userErrors {{ code }} }} }}')
    assert tagged["data"] == {"taggedRecordCreate": {"userErrors": []}}
    given = f'{on(party)}, customFields: [{{name: "rank", value: 3}}]'
    filled = browser.ask(f"mutation {{ customFieldSet(input: {{{given}}}) {{ result {{ value }} userErrors {{ code }} }} }}")
    assert filled["data"] == {"customFieldSet": {"result": [{"value": "3"}], "userErrors": []}}
    stored = browser.upload(party.pk)
    assert (stored.status_code, stored.json()["mediaType"]) == (201, "text/plain")
    [node] = browser.ask(SHOWN)["data"]["parties"]["nodes"]
    assert node["customFields"] == [{"name": "rank", "value": "3"}]
    assert [each["body"] for each in node["comments"]["nodes"]] == ["Called."]
    assert [each["tag"] for each in node["tags"]["nodes"]] == [{"name": "Key"}]
    assert node["attachments"]["nodes"] == [{"name": "note.html", "mediaType": "text/plain", "url": stored.json()["url"]}]
    assert node["audit"]["nodes"][0]["changes"] == [{"field": "custom.rank", "before": None, "after": "3"}]
    got = browser.download(stored.json()["url"])
    assert b"".join(got.streaming_content) == b"<script>"
    assert got["Content-Disposition"] == 'attachment; filename="note.html"'
    assert (got["Content-Type"], got["X-Content-Type-Options"]) == ("text/plain", "nosniff")


def test_a_wrong_custom_value_names_its_field_and_changes_nothing(browser, party):
    for name, value in (("rank", '"x"'), ("rank", '"1e999999999"'), ("size", "1")):
        given = f'{on(party)}, customFields: [{{name: "{name}", value: {value}}}]'
        body = browser.ask(f"mutation {{ customFieldSet(input: {{{given}}}) {{ userErrors {{ code field }} }} }}")
        assert body["data"]["customFieldSet"]["userErrors"] == [{"code": "INVALID", "field": ["input", "customFields", name]}]
    assert browser.ask(SHOWN)["data"]["parties"]["nodes"] == []


def test_without_the_rights_nothing_is_read_compared_or_written(browser, party):
    url = browser.upload(party.pk).json()["url"]
    browser.be(person("base.party_view"))
    assert browser.ask(SHOWN)["errors"][0]["extensions"]["code"] == "FORBIDDEN"
    asked = browser.ask("{ parties { nodes { customFields { name } attachments { totalCount } audit { totalCount } } } }")
    [node] = asked["data"]["parties"]["nodes"]
    assert node == {"customFields": None, "attachments": {"totalCount": 0}, "audit": {"totalCount": 0}}
    assert (browser.upload(party.pk).status_code, browser.download(url).status_code) == (403, 403)


def test_a_hidden_record_a_foreign_one_and_none_at_all_are_answered_alike(browser, party, other_tenant):
    url = browser.upload(party.pk).json()["url"]
    answers = {(browser.upload(new_id()).content, browser.download(f"/files/{new_id()}").content)}
    browser.be(person(*READ, *WRITE, reach=Reach(own=True)))
    answers.add((browser.upload(party.pk).content, browser.download(url).content))
    hidden = browser.ask(
        "{ comments { totalCount } attachments { totalCount } taggedRecords { totalCount } auditEntries { totalCount } }"
    )
    browser.be(person(*READ, *WRITE))
    browser.host = "b.localhost"
    answers.add((browser.upload(party.pk).content, browser.download(url).content))
    assert len(answers) == 1
    assert b"NOT_FOUND" in answers.pop()[0]
    assert {each["totalCount"] for each in hidden["data"].values()} == {0}


def test_an_upload_is_bounded_signed_in_and_not_sent_by_another_site(browser, party, settings):
    settings.TESSERA_ATTACHMENT_BYTES = 10
    assert browser.upload(party.pk, content=b"x" * 11).status_code == 400
    assert browser.upload(party.pk, content=b"x" * 100_000).status_code == 413
    browser.client.cookies["session"] = "x"
    assert browser.upload(party.pk, content=b"x").status_code == 403
    assert browser.upload(party.pk, content=b"x", x_tessera_request="1").status_code == 201
