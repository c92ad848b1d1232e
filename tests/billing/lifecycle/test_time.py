"""Time acts: what comes is told before, once, to those who can do something about it; what ends, ends step by step."""

from datetime import timedelta
from pathlib import Path
from zipfile import ZipFile

import pytest
from django.core.files.base import ContentFile
from django.db import connections
from tessera.access.models import Member
from tessera.accounts.models import Membership
from tessera.context import system
from tessera.files.storage import save_bytes
from tessera.files.tests.factories import make_file
from tessera.testing.plugin import entered
from tessera.unit_of_work import unit_of_work

from billing.lifecycle import closing, letters
from billing.models import Closing, Entitlement, Letter, TrialExtension
from billing.tasks import live, sweep
from tenants.exports import path_of
from tenants.models import Domain, Tenant, TenantExport
from tests.billing.lifecycle.conftest import FOUNDED, clock, state_of
from tests.tenancy.people import member_of


def schemas(tenant):
    with connections["shared"].cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_namespace WHERE nspname = %s", [tenant.schema_name])
        return cursor.fetchone()[0]


def test_until_its_trial_is_over_each_reminder_comes_once(acme, ada, time_machine, mailoutbox):
    seen = {}
    for days in range(30):
        time_machine.move_to(FOUNDED + timedelta(days=days), tick=False)
        before = len(mailoutbox)
        clock()
        clock()
        for mail in mailoutbox[before:]:
            seen.setdefault(days, []).append(mail.subject)
    assert seen == {
        7: ["The trial of Acme ends in 7 days"],
        11: ["The trial of Acme ends in 3 days"],
        13: ["The trial of Acme ends in 1 day"],
        14: ["The trial of Acme is over"],
        25: ["Acme will be suspended on March 29, 2030"],
    }
    assert {tuple(mail.to) for mail in mailoutbox} == {("ada@example.com",)}
    assert "On March 29, 2030 Acme is suspended" in mailoutbox[-1].body
    assert mailoutbox[-1].body.endswith("/billing/acme\n")


def test_what_was_missed_gives_way_to_what_is_true_now(acme, ada, time_machine, mailoutbox):
    time_machine.move_to(FOUNDED + timedelta(days=12), tick=False)
    clock()
    assert [mail.subject for mail in mailoutbox] == ["The trial of Acme ends in 3 days"]


def test_letters_are_in_the_language_of_the_company(acme, ada, time_machine, mailoutbox):
    Tenant.objects.update(language="zh-hans")
    time_machine.move_to(FOUNDED + timedelta(days=13), tick=False)
    clock()
    assert [mail.subject for mail in mailoutbox] == ["Acme 的试用将在 1 天后结束"]


def test_a_trial_that_was_extended_is_reminded_of_anew(acme, ada, time_machine, mailoutbox):
    time_machine.move_to(FOUNDED + timedelta(days=13), tick=False)
    clock()
    TrialExtension.objects.create(tenant=acme, until=FOUNDED + timedelta(days=20), reason="they asked", given_by="Olga")
    Entitlement.objects.update(recheck_at=FOUNDED)
    clock()
    time_machine.move_to(FOUNDED + timedelta(days=19), tick=False)
    clock()
    assert [mail.subject for mail in mailoutbox] == [
        "The trial of Acme ends in 1 day", "The trial of Acme ends in 7 days", "The trial of Acme ends in 1 day"
    ]  # fmt: skip


def test_a_letter_that_the_mail_server_does_not_take_is_sent_later_and_the_others_go(
    acme, ada, time_machine, mailoutbox, monkeypatch
):
    time_machine.move_to(FOUNDED + timedelta(days=13), tick=False)
    sending = letters.EmailMessage.send

    def refuse(mail, *given):
        raise ConnectionRefusedError("no mail server")

    monkeypatch.setattr(letters.EmailMessage, "send", refuse)
    clock()
    assert (len(mailoutbox), Letter.objects.get().sent_at) == (0, None)
    monkeypatch.setattr(letters.EmailMessage, "send", sending)
    clock()
    clock()
    (mail,) = mailoutbox
    assert mail.extra_headers["Message-ID"] == f"<billing.{Letter.objects.get().pk}@localhost>"


class Killed(BaseException):
    """The process ends here."""


def test_a_kill_after_sending_sends_the_same_letter_again_under_the_same_id(acme, ada, time_machine, mailoutbox, monkeypatch):
    time_machine.move_to(FOUNDED + timedelta(days=13), tick=False)
    sending = letters.EmailMessage.send

    def die(mail, *given):
        sending(mail)
        raise Killed

    with monkeypatch.context() as dying:
        dying.setattr(letters.EmailMessage, "send", die)
        with pytest.raises(Killed):
            clock()
    clock()
    clock()
    first, second = mailoutbox
    assert first.extra_headers["Message-ID"] == second.extra_headers["Message-ID"]


def dies_on_the_way(monkeypatch):
    """Let the deletion be killed at each of its steps, one after the other."""

    def die(*_given, **_more):
        raise Killed

    for place in ("tenants.deleting.delete_everything", "tenants.deleting.as_owner", "billing.lifecycle.closing.write_letter"):
        with monkeypatch.context() as dying:
            dying.setattr(place, die)
            with pytest.raises(Killed):
                clock()
        assert Closing.objects.get().deleted_at is None


@pytest.mark.committed
def test_what_nobody_buys_is_archived_exported_told_and_deleted(acme, ada, time_machine, mailoutbox, monkeypatch):
    with entered(acme, actor=system("test")):
        file = make_file(b"the bytes", "plan.txt")
    seen, told = {}, {}
    for days in (14, 15, 25, 26, 28, 29, 50, 51, 52, 57, 58, 59, 80, 81, 82, 86, 87, 88, 89, 117, 118, 119):
        time_machine.move_to(FOUNDED + timedelta(days=days), tick=False)
        before = len(mailoutbox)
        if days == 88:
            dies_on_the_way(monkeypatch)
        clock()
        clock()
        seen.setdefault(state_of(acme), days)
        for mail in mailoutbox[before:]:
            told.setdefault(days, []).append(mail.subject)
        if days == 57:
            assert not TenantExport.objects.exists()
        if days == 87:
            export = Closing.objects.get().export
            with ZipFile(path_of(export)) as archive:
                assert archive.read(f"files/{file.pk}/plan.txt") == b"the bytes"
                assert b"ada@example.com" in archive.read("access_member.jsonl")
            assert schemas(acme) == 1
    assert seen == {("active", "read_only"): 14, ("suspended", "full"): 28, ("deleted", "full"): 88}
    assert told == {
        14: ["The trial of Acme is over"],
        25: ["Acme will be suspended on March 29, 2030"],
        51: ["Acme will be archived on April 28, 2030"],
        58: ["All data of Acme will be deleted on May 28, 2030"],
        81: ["All data of Acme will be deleted on May 28, 2030"],
        87: ["All data of Acme will be deleted on May 28, 2030"],
        88: ["All data of Acme is deleted"],
    }
    assert (schemas(acme), Domain.objects.filter(tenant=acme).count(), Membership.objects.filter(tenant_id=acme.pk).count()) == (
        0,
        0,
        0,
    )
    assert not path_of(export).exists()
    tomb = Tenant.objects.get(pk=acme.pk)
    assert (tomb.name, tomb.slug, tomb.deleted_at) == ("Acme", "acme", FOUNDED + timedelta(days=88))
    export.refresh_from_db()
    assert export.state == "gone"


@pytest.mark.committed
def test_without_an_export_nothing_is_told_and_nothing_deleted(acme, ada, time_machine, settings):
    with entered(acme, actor=system("test")):
        file = make_file(b"the bytes", "plan.txt")
        (Path(settings.MEDIA_ROOT) / f"tenants/{acme.pk}/files/{file.pk}/{file.parts[0]}").unlink()
    for days in (14, 28, 58, 59, 100):
        time_machine.move_to(FOUNDED + timedelta(days=days), tick=False)
        clock()
        clock()
    assert state_of(acme) == ("suspended", "full")
    assert {export.state for export in TenantExport.objects.all()} == {"failed"}
    assert "FileNotFoundError" in TenantExport.objects.first().why
    assert not Letter.objects.filter(kind="deletes").exists()
    with entered(acme, actor=system("test")):
        save_bytes(f"files/{file.pk}/{file.parts[0]}", ContentFile(b"the bytes"))
    time_machine.move_to(FOUNDED + timedelta(days=101), tick=False)
    clock()
    clock()
    assert Closing.objects.get().delete_at == FOUNDED + timedelta(days=131)
    assert Letter.objects.filter(kind="deletes").count() == 1


def test_a_company_that_comes_back_is_not_deleted(acme, ada, time_machine, monkeypatch):
    monkeypatch.setattr(closing, "write_tenant_export", lambda tenant: TenantExport(tenant=tenant, state="failed", why="no"))
    for days in (14, 28, 58):
        time_machine.move_to(FOUNDED + timedelta(days=days), tick=False)
        clock()
    assert Closing.objects.count() == 1
    TrialExtension.objects.create(tenant=acme, until=FOUNDED + timedelta(days=90), reason="they asked", given_by="Olga")
    Entitlement.objects.update(recheck_at=FOUNDED)
    clock()
    assert (state_of(acme), Closing.objects.count()) == (("active", "full"), 0)


def test_nothing_is_told_where_nothing_is_sold(acme, ada, time_machine, mailoutbox, settings):
    settings.STRIPE_API_KEY = ""
    time_machine.move_to(FOUNDED + timedelta(days=100), tick=False)
    sweep()
    live()
    assert (len(mailoutbox), state_of(acme)) == (0, ("active", "full"))


def test_a_company_without_anybody_has_its_letters_kept_and_logged(acme, time_machine, mailoutbox, caplog):
    time_machine.move_to(FOUNDED + timedelta(days=13), tick=False)
    clock()
    assert (len(mailoutbox), Letter.objects.get().recipients) == (0, [])
    assert "has nobody to go to" in caplog.text


def test_they_go_to_whoever_may_pay_too(acme, ada, time_machine, mailoutbox):
    member_of(acme, billing__account_manage="all")
    time_machine.move_to(FOUNDED + timedelta(days=13), tick=False)
    clock()
    assert sorted(mailoutbox[0].to) == ["ada@example.com", "bob@example.com"]
    with entered(acme, actor=system("test")), unit_of_work():
        Member.objects.filter(email="bob@example.com").update(state=Member.State.DEACTIVATED)
    time_machine.move_to(FOUNDED + timedelta(days=14), tick=False)
    clock()
    assert mailoutbox[1].to == ["ada@example.com"]
