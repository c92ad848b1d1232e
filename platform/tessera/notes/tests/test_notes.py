"""Notes are seen and written by whoever may see the record they hang on."""

import hashlib

import pytest
from django.core.files.storage import default_storage

from modules.base.models import Party
from tessera.access.models import Member
from tessera.audit.models import AuditEntry
from tessera.context import EVERYTHING, Actor, Reach, acting
from tessera.errors import Forbidden, NotFound, Refused
from tessera.fields import new_id
from tessera.files.models import StorageUse, StoredFile
from tessera.files.selectors import folder_of
from tessera.files.services import create_upload
from tessera.files.tests.factories import make_file
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


def attach(party, content=b"x", name="x"):
    return attach_file(label=BASE, record=party.pk, file=make_file(content, name))


def test_a_hidden_record_gets_no_notes_and_shows_none(party):
    kept, file = attach(party), make_file()
    read = "notes.attachment_view"
    for stranger in (
        person(read, party_reach=Reach(own=True)),
        Actor(kind="member", member_id=new_id(), grants=dict.fromkeys((*WRITE, read), EVERYTHING)),
    ):
        with acting(stranger):
            for attempt in (
                lambda: add_comment(label=BASE, record=party.pk, body="x"),
                lambda: tag_record(label=BASE, record=party.pk, tag="x"),
                lambda: attach_file(label=BASE, record=party.pk, file=file),
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


def test_an_attached_file_is_what_was_uploaded_and_goes_with_it(party, django_capture_on_commit_callbacks):
    made = attach(party, b"%PDF-1.7", "Angebot 1.pdf")
    assert (made.size, made.sha256, made.media_type) == (8, hashlib.sha256(b"%PDF-1.7").hexdigest(), "application/pdf")
    row, content = open_attachment(attachment=made.pk)
    assert (row.name, b"".join(content)) == ("Angebot 1.pdf", b"%PDF-1.7")
    assert (made.file.in_use, made.file.expires_at) == (True, None)
    folder = folder_of(made.file)
    with django_capture_on_commit_callbacks(using="default", execute=True):
        remove_attachment(attachment=made)
    assert not Attachment.objects.exists() and not StoredFile.objects.exists()
    assert not default_storage.exists(folder)
    assert StorageUse.objects.get().bytes == 0


def refused(party, **given):
    with pytest.raises(Refused) as refusal:
        attach_file(label=BASE, record=party.pk, **given)
    return [(problem.code, problem.field) for problem in refusal.value.problems]


def test_a_file_is_attached_once_when_its_bytes_are_there_and_under_a_name_that_fits(party):
    file = make_file(b"%PDF-1.7", "a.pdf")
    for name in ("../x", "a\x00", "x" * 256):
        assert refused(party, file=file, name=name) == [("INVALID", ("name",))]
    assert refused(party, file=file, name="a.png") == [("INVALID", ("name",))]
    assert refused(party, file=create_upload(filename="x", size=1)) == [("STATE", ("file",))]
    lines = make_file(b"{}", "x.jsonl", StoredFile.Purpose.BULK)
    assert refused(party, file=lines) == [("INVALID", ("file",))]
    assert attach_file(label=BASE, record=party.pk, file=file, name="Angebot.pdf").name == "Angebot.pdf"
    assert refused(party, file=file) == [("IN_USE", ("file",))]
    assert Attachment.objects.count() == 1


def test_a_deleted_record_takes_its_notes_along(party, django_capture_on_commit_callbacks):
    add_comment(label=BASE, record=party.pk, body="x")
    tag_record(label=BASE, record=party.pk, tag="x")
    folder = folder_of(attach(party).file)
    with django_capture_on_commit_callbacks(using="default", execute=True), unit_of_work():
        party.delete()
    assert not (Comment.objects.exists() or Attachment.objects.exists() or TaggedRecord.objects.exists())
    assert not default_storage.exists(folder)
    assert not StoredFile.objects.exists()
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
