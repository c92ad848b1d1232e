"""Notes are seen and written by whoever may see the record they hang on."""

import hashlib

import pytest
from django.core.exceptions import SuspiciousFileOperation
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage

from modules.base.models import Party
from tessera.access.models import Member
from tessera.audit.models import AuditEntry
from tessera.context import EVERYTHING, Actor, Reach, acting
from tessera.errors import Forbidden, NotFound, Refused
from tessera.fields import new_id
from tessera.files import open_file
from tessera.notes.media import HEAD, media_type_of
from tessera.notes.models import Attachment, Comment, Tag, TaggedRecord
from tessera.notes.selectors import open_attachment, tagged
from tessera.notes.services import (
    add_comment,
    attach_file,
    delete_comment,
    edit_comment,
    remove_attachment,
    tag_record,
    untag_record,
)
from tessera.outbox.models import OutboxEvent
from tessera.unit_of_work import unit_of_work

BASE = "base.Party"
WRITE = ("notes.comment_create", "notes.attachment_create", "notes.tagged_record_create")


def person(*permissions: str, reach: Reach = EVERYTHING, party_reach: Reach = EVERYTHING) -> Actor:
    grants = dict.fromkeys((*WRITE, *permissions), reach) | {"base.party_view": party_reach}
    return Actor(kind="member", member_id=new_id(), account_id=new_id(), name="bob", grants=grants)


@pytest.fixture
def party(inside) -> Party:
    with unit_of_work():
        made = Party(kind=Party.Kind.ORGANISATION, name="Acme", code="acme")
        made.save()
    return made


@pytest.fixture(autouse=True)
def _files(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path


def test_a_comment_names_its_author_and_is_told(party):
    bob = person()
    with acting(bob):
        made = add_comment(label=BASE, record=party.pk, body="Called them.")
        answer = add_comment(label=BASE, record=party.pk, body="And?", reply_to=made)
    assert (made.author, answer.reply_to_id) == (bob.member_id, made.pk)
    assert [each.body for each in Comment.objects.order_by("id")] == ["Called them.", "And?"]
    fact = OutboxEvent.objects.filter(name="notes.comment_added").earliest("seq")
    assert (fact.subject, fact.data["comment"], fact.data["mentions"]) == (party.pk, str(made.pk), [])


def test_only_active_members_are_mentioned(party):
    with unit_of_work():
        ada = Member(name="Ada", email="ada@example.com", account_id=new_id(), state=Member.State.ACTIVE)
        ada.save()
    made = add_comment(label=BASE, record=party.pk, body="@Ada", mentions=[ada.pk, ada.pk])
    assert made.mentions == [str(ada.pk)]
    with pytest.raises(Refused) as refusal:
        add_comment(label=BASE, record=party.pk, body="@Nobody", mentions=[new_id()])
    assert refusal.value.problems[0].field == ("mentions", "0")


@pytest.mark.parametrize("wrong", [{"body": " "}, {"body": "x" * 20_001}, {"label": "base.Nothing"}, {"label": "x"}])
def test_a_comment_that_makes_no_sense_is_refused(party, wrong):
    with pytest.raises(Refused):
        add_comment(**{"label": BASE, "record": party.pk, "body": "x", **wrong})
    assert not Comment.objects.exists()


def test_a_file_is_told_by_the_name_of_the_fact_and_not_of_the_file(party):
    with acting(person()):
        made = attach(party)
    fact = OutboxEvent.objects.get(subject=party.pk)
    assert (fact.name, fact.data["attachment"], fact.data["file_name"]) == ("notes.file_attached", str(made.pk), made.name)


def attach(party, **given):
    told = {"label": BASE, "record": party.pk, "name": "x", "content": ContentFile(b"x"), **given}
    return attach_file(**told)


def test_a_hidden_record_gets_no_notes_and_shows_none(party):
    kept = attach(party)
    read = "notes.attachment_view"
    for stranger in (
        person(read, party_reach=Reach(own=True)),
        Actor(kind="member", member_id=new_id(), grants=dict.fromkeys((*WRITE, read), EVERYTHING)),
    ):
        with acting(stranger):
            for attempt in (
                lambda: add_comment(label=BASE, record=party.pk, body="x"),
                lambda: tag_record(label=BASE, record=party.pk, tag="x"),
                lambda: attach(party),
                lambda: open_attachment(attachment=kept.pk),
                lambda: open_attachment(attachment=new_id()),
            ):
                with pytest.raises(NotFound):
                    attempt()
    with acting(person()), pytest.raises(Forbidden):
        open_attachment(attachment=kept.pk)


def test_one_changes_ones_own_comment_only_unless_one_moderates(party):
    bob, eve, ada = person(), person(), person("notes.note_moderate")
    with acting(bob):
        made = add_comment(label=BASE, record=party.pk, body="first")
        assert edit_comment(comment=made, body="second").body == "second"
    with acting(eve), pytest.raises(Forbidden):
        delete_comment(comment=made)
    with acting(ada):
        delete_comment(comment=made)
    assert not Comment.objects.exists()


def test_a_file_is_kept_below_the_tenants_own_prefix(party, inside, django_capture_on_commit_callbacks):
    made = attach(party, name="Angebot 1.pdf", content=ContentFile(b"%PDF-1.7"))
    assert made.path == f"tenants/{inside.tenant.id}/attachments/{made.pk}"
    assert (made.size, made.sha256, made.media_type) == (8, hashlib.sha256(b"%PDF-1.7").hexdigest(), "application/pdf")
    row, content = open_attachment(attachment=made.pk)
    with content:
        assert (row.name, content.read()) == ("Angebot 1.pdf", b"%PDF-1.7")
    path = made.path
    with django_capture_on_commit_callbacks(using="default", execute=True):
        remove_attachment(attachment=made)
    assert not Attachment.objects.exists()
    assert not default_storage.exists(path)


def test_a_file_of_another_tenant_is_never_opened(party):
    for path in (f"tenants/{new_id()}/attachments/x", "settings", "/etc/passwd"):
        with pytest.raises(SuspiciousFileOperation):
            open_file(path)
    with pytest.raises(SuspiciousFileOperation):
        open_file(attach(party).path + "/../../../other")


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"name": "../x"}, "INVALID"),
        ({"name": "a\x00"}, "INVALID"),
        ({"name": ""}, "INVALID"),
        ({"name": "x" * 256}, "INVALID"),
        ({"content": ContentFile(b"12345")}, "LIMIT"),
    ],
)
def test_a_file_that_makes_no_sense_is_refused_and_not_stored(party, settings, wrong, code, inside):
    settings.TESSERA_ATTACHMENT_BYTES = 4
    with pytest.raises(Refused) as refusal:
        attach(party, **wrong)
    assert refusal.value.problems[0].code == code
    assert not default_storage.exists(f"tenants/{inside.tenant.id}")


@pytest.mark.parametrize(
    ("head", "kind"),
    [
        (b"%PDF-1.7", "application/pdf"),
        (b"\x89PNG\r\n\x1a\n", "image/png"),
        (b"RIFF\0\0\0\0WEBPVP8 ", "image/webp"),
        (b"PK\x03\x04", "application/zip"),
        (b"<html><script>alert(1)</script>", "text/plain"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "text/plain"),
        ("报价".encode(), "text/plain"),
        (("x" * (HEAD - 1) + "价").encode()[:HEAD], "text/plain"),
        (b"\xff\xfe", "application/octet-stream"),
        (b"a\0b", "application/octet-stream"),
        (b"", "text/plain"),
    ],
)
def test_the_type_of_a_file_is_what_its_bytes_say(head, kind):
    assert media_type_of(head) == kind


def test_a_deleted_record_takes_its_notes_along(party, django_capture_on_commit_callbacks):
    add_comment(label=BASE, record=party.pk, body="x")
    tag_record(label=BASE, record=party.pk, tag="x")
    path = attach(party).path
    with django_capture_on_commit_callbacks(using="default", execute=True), unit_of_work():
        party.delete()
    assert not (Comment.objects.exists() or Attachment.objects.exists() or TaggedRecord.objects.exists())
    assert not default_storage.exists(path)
    assert AuditEntry.objects.filter(verb="delete", label="notes.Comment").count() == 1


def test_a_tag_is_one_whatever_its_case_and_is_put_on_once(party):
    first = tag_record(label=BASE, record=party.pk, tag=" Key  account ", colour="#FF0000")
    assert tag_record(label=BASE, record=party.pk, tag="key ACCOUNT").pk == first.pk
    assert Tag.objects.get().name == "Key account"
    assert list(Party.objects.filter(tagged(BASE, "KEY account"))) == [party]
    untag_record(tagged=first)
    assert not TaggedRecord.objects.exists()


def test_a_colour_is_six_digits(party):
    with pytest.raises(Refused):
        tag_record(label=BASE, record=party.pk, tag="x", colour="red")
