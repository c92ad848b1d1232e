"""Notes are seen and written by whoever may see the record they hang on."""

import hashlib

import pytest
from django.core.files.storage import default_storage

from modules.base.models import Party
from tessera.access.models import Member
from tessera.context import EVERYTHING, Actor, Reach, acting
from tessera.errors import Forbidden, NotFound, Refused
from tessera.fields import new_id
from tessera.notes.models import Attachment, Comment, Tag, TaggedRecord
from tessera.notes.selectors import attachments_on, comments_on, open_attachment, tagged, tags_of, tags_on
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
    assert [each.body for each in comments_on(label=BASE, record=party.pk)] == ["Called them.", "And?"]
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


def test_a_hidden_record_has_no_notes_and_gets_none(party):
    add_comment(label=BASE, record=party.pk, body="secret")
    for stranger in (
        person(party_reach=Reach(own=True)),
        Actor(kind="member", member_id=new_id(), grants=dict.fromkeys(WRITE, EVERYTHING)),
    ):
        with acting(stranger):
            for look in (comments_on, attachments_on, tags_on):
                with pytest.raises(NotFound):
                    look(label=BASE, record=party.pk)
            with pytest.raises(NotFound):
                add_comment(label=BASE, record=party.pk, body="x")
            with pytest.raises(NotFound):
                tag_record(label=BASE, record=party.pk, tag="x")
            with pytest.raises(NotFound):
                attach_file(label=BASE, record=party.pk, name="x", media_type="text/plain", content=b"x")
    with pytest.raises(NotFound):
        comments_on(label=BASE, record=new_id())


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


def test_a_file_is_kept_below_the_tenants_own_prefix(party, inside):
    made = attach_file(label=BASE, record=party.pk, name="Angebot 1.pdf", media_type="application/pdf", content=b"%PDF")
    assert made.path == f"tenants/{inside.tenant.id}/attachments/{made.pk}"
    assert (made.size, made.sha256) == (4, hashlib.sha256(b"%PDF").hexdigest())
    row, content = open_attachment(attachment=made.pk)
    with content:
        assert (row.name, content.read()) == ("Angebot 1.pdf", b"%PDF")
    remove_attachment(attachment=made)
    assert not Attachment.objects.exists()


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"name": "../x"}, "INVALID"),
        ({"name": "a\x00"}, "INVALID"),
        ({"name": ""}, "INVALID"),
        ({"media_type": "text/html\r\nX: y"}, "INVALID"),
        ({"content": b"12345"}, "LIMIT"),
    ],
)
def test_a_file_that_makes_no_sense_is_refused_and_not_stored(party, settings, wrong, code, inside):
    settings.TESSERA_ATTACHMENT_BYTES = 4
    with pytest.raises(Refused) as refusal:
        attach_file(**{"label": BASE, "record": party.pk, "name": "x", "media_type": "text/plain", "content": b"1234", **wrong})
    assert refusal.value.problems[0].code == code
    assert not default_storage.exists(f"tenants/{inside.tenant.id}")


def test_a_tag_is_one_whatever_its_case_and_is_put_on_once(party):
    first = tag_record(label=BASE, record=party.pk, tag=" Key  account ", colour="#FF0000")
    assert tag_record(label=BASE, record=party.pk, tag="key ACCOUNT").pk == first.pk
    assert Tag.objects.get().name == "Key account"
    assert tags_of(label=BASE, ids=[party.pk]) == {party.pk: ["Key account"]}
    assert list(Party.objects.filter(tagged(BASE, "KEY account"))) == [party]
    untag_record(tagged=first)
    assert not TaggedRecord.objects.exists()


def test_a_colour_is_six_digits(party):
    with pytest.raises(Refused):
        tag_record(label=BASE, record=party.pk, tag="x", colour="red")
