"""Somebody comments, tags, attaches and fills in over HTTP; others are refused, and learn nothing."""

import orjson
import pytest
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
WRITE = (
    "base.party_update",
    "notes.comment_create",
    "notes.attachment_create",
    "notes.tagged_record_create",
    "files.file_upload_create",
    "files.file_upload_view",
)
CUSTOM = ("custom.custom_values_read", "custom.custom_values_set")
SHOWN = """{ parties(first: 5, filter: {tags: ["KEY"], customFields: [{name: "rank", op: GTE, value: "2"}]}) { nodes { name
    customFields { name value } comments(first: 5) { nodes { body } } tags(first: 5) { nodes { tag { name } } }
    attachments(first: 5) { nodes { name mediaType url } }
    audit(first: 5) { nodes { verb changes { field before after } } } } } }"""

ANNOUNCE = """mutation($input: FileUploadCreateInput!) { fileUploadCreate(input: $input) {
    node { id uploadUrl expiresAt } userErrors { field code } } }"""
ATTACH = """mutation($input: AttachmentCreateInput!) { attachmentCreate(input: $input) {
    node { id url mediaType } userErrors { field code } } }"""


def person(*rights: str, reach: Reach = EVERYTHING) -> Actor:
    return Actor(kind="member", member_id=new_id(), name="bob", grants=dict.fromkeys(rights, reach))


class Browser:
    """Asks over HTTP as somebody."""

    def __init__(self, monkeypatch) -> None:
        self.monkeypatch, self.client, self.host = monkeypatch, Client(), "a.localhost"
        self.be(person(*READ, *WRITE, *CUSTOM))

    def be(self, actor: Actor) -> None:
        for place in ("tenants.middleware", "frontend_api.views"):
            self.monkeypatch.setattr(f"{place}.authenticate", lambda request, tenant: actor)
        # Whoever brings a file is who announced it, with the rights of that moment.
        self.monkeypatch.setattr("tessera.files.services.receiving.actor_of_member", lambda member: actor)

    def ask(self, text: str, **variables):
        body = orjson.dumps({"query": text, "variables": variables})
        return self.client.post("/graphql", body, content_type="application/json", headers={"host": self.host}).json()

    def announce(self, size, name="note.html", **given):
        """Announce a file; return its id and where its bytes are brought to."""
        made = self.ask(ANNOUNCE, input={"filename": name, "size": size, **given})["data"]["fileUploadCreate"]
        return (made["node"]["id"], made["node"]["uploadUrl"]) if made["node"] else made["userErrors"]

    def bring(self, url, content):
        return self.client.put(url, content, content_type="application/octet-stream", headers={"host": self.host})

    def attach(self, record, file):
        given = {"label": "base.Party", "record": str(record), "file": file}
        return self.ask(ATTACH, input=given)["data"]["attachmentCreate"]

    def upload(self, record, name="note.html", content=b"<script>"):
        """Do all three; return the attachment."""
        file, url = self.announce(len(content), name)
        assert self.bring(url, content).status_code == 201
        return self.attach(record, file)["node"]

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
    assert stored["mediaType"] == "text/plain"
    [node] = browser.ask(SHOWN)["data"]["parties"]["nodes"]
    assert node["customFields"] == [{"name": "rank", "value": "3"}]
    assert [each["body"] for each in node["comments"]["nodes"]] == ["Called."]
    assert [each["tag"] for each in node["tags"]["nodes"]] == [{"name": "Key"}]
    assert node["attachments"]["nodes"] == [{"name": "note.html", "mediaType": "text/plain", "url": stored["url"]}]
    assert node["audit"]["nodes"][0]["changes"] == [{"field": "custom.rank", "before": None, "after": "3"}]
    got = browser.download(stored["url"])
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
    url = browser.upload(party.pk)["url"]
    browser.be(person("base.party_view"))
    assert browser.ask(SHOWN)["errors"][0]["extensions"]["code"] == "FORBIDDEN"
    asked = browser.ask("{ parties { nodes { customFields { name } attachments { totalCount } audit { totalCount } } } }")
    [node] = asked["data"]["parties"]["nodes"]
    assert node == {"customFields": None, "attachments": {"totalCount": 0}, "audit": {"totalCount": 0}}
    assert browser.download(url).status_code == 403
    for text, given in (
        (ANNOUNCE, {"filename": "x", "size": 1}),
        (ATTACH, {"label": "base.Party", "record": str(party.pk), "file": "x"}),
    ):
        assert browser.ask(text, input=given)["errors"][0]["extensions"]["code"] == "FORBIDDEN"


def test_a_hidden_record_a_foreign_one_and_none_at_all_are_answered_alike(browser, party, other_tenant):
    url = browser.upload(party.pk)["url"]

    def tried(record, address):
        file, there = browser.announce(1)
        browser.bring(there, b"x")
        given = {"label": "base.Party", "record": str(record), "file": file}
        return orjson.dumps(browser.ask(ATTACH, input=given)["errors"][0]["extensions"]), browser.download(address).content

    answers = {tried(new_id(), f"/files/{new_id()}")}
    browser.be(person(*READ, *WRITE, reach=Reach(own=True)))
    answers.add(tried(party.pk, url))
    hidden = browser.ask(
        "{ comments { totalCount } attachments { totalCount } taggedRecords { totalCount }"
        ' auditEntries(filter: {label: {ne: "files.StoredFile"}}) { totalCount } }'
    )
    browser.be(person(*READ, *WRITE))
    browser.host = "b.localhost"
    answers.add(tried(party.pk, url))
    assert len(answers) == 1
    assert all(b"NOT_FOUND" in each for each in answers.pop())
    assert {each["totalCount"] for each in hidden["data"].values()} == {0}


def test_a_file_is_of_the_size_the_type_and_the_owner_that_were_announced(browser, party, settings):
    settings.TESSERA_FILE_BYTES = {"attachment": 10, "bulk": 10}
    assert browser.announce(11) == [{"field": ["input", "size"], "code": "LIMIT"}]
    file, url = browser.announce(4, "a.pdf")
    for content in (b"12345", b"123", b"1234"):  # too many, too few, and no PDF
        assert browser.bring(url, content).status_code == 400
    assert browser.attach(party.pk, file)["userErrors"] == [{"field": ["input", "file"], "code": "STATE"}]
    file, url = browser.announce(8, "a.pdf")
    assert browser.bring(url, b"%PDF-1.7").json()["mediaType"] == "application/pdf"
    assert browser.bring(url, b"%PDF-1.8").status_code == 404  # it has been brought
    assert browser.client.get(url, headers={"host": browser.host}).status_code == 405
    browser.be(person(*READ, *WRITE, reach=Reach(own=True)))
    assert browser.attach(party.pk, file)["userErrors"] == [{"field": ["input", "file"], "code": "NOT_FOUND"}]


def test_an_address_brings_bytes_to_its_own_company_only(browser, party, other_tenant):
    _file, url = browser.announce(1)
    browser.host = "b.localhost"
    assert browser.bring(url, b"x").status_code == 404
    browser.host = "a.localhost"
    assert browser.bring(f"{url}x", b"x").status_code == 404
    assert browser.bring(url, b"x").status_code == 201
