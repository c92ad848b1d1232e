"""Files are announced, brought, kept, counted and discarded, each company's by itself."""

import hashlib
import threading
import tracemalloc
from datetime import timedelta

import pytest
from django.core.exceptions import SuspiciousFileOperation
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import connections
from django.db.models import Sum
from django.utils import timezone

from tessera.access.models import Member
from tessera.context import EVERYTHING, Actor, Reach, acting, enter, system
from tessera.errors import Forbidden, NotFound, Refused
from tessera.fields import new_id
from tessera.files.media import HEAD, KNOWN, PROMISED, lies, media_type_of
from tessera.files.models import StorageUse, StoredFile
from tessera.files.selectors import announced, bytes_of, folder_of, paths_of, upload_urls_of
from tessera.files.services import create_upload, delete_upload, discard_expired, keep_file, receive_file
from tessera.files.services.receiving import save_bytes as really_save
from tessera.files.storage import open_bytes, prefix
from tessera.files.tests.factories import make_file
from tessera.testing.asking import ask, done, refusals
from tessera.unit_of_work import unit_of_work

CREATE = "mutation($input: FileUploadCreateInput!) { fileUploadCreate(input: $input) { node { id uploadUrl size } userErrors { field code } } }"


@pytest.fixture(autouse=True)
def _files(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path


def used() -> int:
    """Return what is counted, which is what there is."""
    found = StorageUse.objects.get().bytes
    assert found == (StoredFile.objects.aggregate(sum=Sum("size"))["sum"] or 0)
    return found


def refused(service, **given) -> list[tuple[str, tuple[str, ...]]]:
    with pytest.raises(Refused) as refusal:
        service(**given)
    return [(problem.code, problem.field) for problem in refusal.value.problems]


def member(*permissions: str) -> Actor:
    with unit_of_work():
        row = Member(name="Bob", email="bob@example.com", account_id=new_id(), state=Member.State.ACTIVE, is_owner=True)
        row.save()
    return Actor(kind="member", member_id=row.pk, grants=dict.fromkeys(permissions, Reach(own=True)))


def test_a_file_is_announced_and_brought(inside):
    body = "报价".encode() * 10_000
    row = create_upload(filename="offer.txt", size=len(body), sha256=hashlib.sha256(body).hexdigest())
    assert (used(), row.received_at, row.media_type) == (len(body), None, "")
    kept = receive_file(key=row.pk, chunks=[body[:7], b"", body[7:]])
    assert (kept.media_type, kept.size, kept.sha256) == ("text/plain", len(body), row.sha256)
    assert b"".join(bytes_of(kept)) == body
    assert all(path.startswith(f"tenants/{inside.tenant.id}/files/{row.pk}/") for path in paths_of(kept))
    assert used() == len(body)


def test_an_address_is_given_to_whoever_announced_until_the_bytes_are_there(inside):
    bob = member("files.file_upload_create", "files.file_upload_view")
    with acting(bob):
        node = done(CREATE, input={"filename": "a.txt", "size": 1})
        key = StoredFile.objects.get().pk
        assert announced(node["uploadUrl"].removeprefix("/uploads/"), timedelta(days=1)) == key
        assert node["size"] == "1"
        with acting(Actor(kind="member", member_id=new_id(), grants=dict.fromkeys(bob.grants, EVERYTHING))):
            assert upload_urls_of(ids=[key]) == {}
        receive_file(key=key, chunks=[b"x"])
        assert upload_urls_of(ids=[key]) == {}


@pytest.mark.parametrize(
    ("given", "found"),
    [
        ({"filename": "../x"}, ("INVALID", "input.filename")),
        ({"filename": " "}, ("INVALID", "input.filename")),
        ({"size": -1}, ("INVALID", "input.size")),
        ({"size": 26_214_401}, ("LIMIT", "input.size")),
        ({"sha256": "x"}, ("INVALID", "input.sha256")),
        ({"purpose": "RESULT"}, ("INVALID", "input.purpose")),
    ],
)
def test_what_makes_no_sense_is_not_announced(inside, given, found):
    assert refusals(CREATE, input={"filename": "a.txt", "size": 1} | given) == [found]
    assert not StoredFile.objects.exists() and not StorageUse.objects.exists()


def test_bytes_that_are_not_what_was_announced_are_refused_and_not_stored(inside):
    row = create_upload(filename="a.pdf", size=8, sha256=hashlib.sha256(b"%PDF-1.7").hexdigest())
    taken = []

    def endless():
        while True:
            taken.append(1)
            yield b"x" * 5

    for chunks, found in (
        (endless(), ("LIMIT", ("size",))),
        ([b"%PDF"], ("INVALID", ("size",))),
        ([b"%PDF-1.8"], ("INVALID", ("sha256",))),
    ):
        assert refused(receive_file, key=row.pk, chunks=chunks) == [found]
    assert len(taken) == 2  # nothing is read beyond what was announced
    for name, content, field in (("a.pdf", b"x", "name"), ("a.bin", b"\0", "media_type"), ("a.exe", b"MZ\x90\0", "media_type")):
        other = create_upload(filename=name, size=len(content))
        assert refused(receive_file, key=other.pk, chunks=[content]) == [("INVALID", (field,))]
    lines = create_upload(filename="a.jsonl", size=8, purpose=StoredFile.Purpose.BULK)
    assert refused(receive_file, key=lines.pk, chunks=[b"%PDF-1.7"]) == [("INVALID", ("media_type",))]
    assert not default_storage.exists(prefix())
    assert receive_file(key=row.pk, chunks=[b"%PDF-1.7"]).media_type == "application/pdf"
    with pytest.raises(NotFound):
        receive_file(key=row.pk, chunks=[b"%PDF-1.7"])
    with pytest.raises(NotFound):
        receive_file(key=new_id(), chunks=[])


def test_who_was_let_go_brings_nothing_any_more(inside):
    bob = member("files.file_upload_create")
    with acting(bob):
        row = create_upload(filename="a.txt", size=1)
    with unit_of_work():
        someone = Member.objects.get(pk=bob.member_id)
        someone.is_owner, someone.state = False, Member.State.DEACTIVATED
        someone.save()
    with acting(Actor(kind="anonymous")), pytest.raises(Forbidden):
        receive_file(key=row.pk, chunks=[b"x"])


def test_the_size_counts_against_the_storage_from_the_announcement_on(inside, settings):
    settings.TESSERA_QUOTAS, settings.TESSERA_STORAGE_BYTES = "", 10
    first, second = create_upload(filename="a", size=6), create_upload(filename="b", size=4)
    assert refusals(CREATE, input={"filename": "c", "size": 1}) == [("QUOTA", "input.size")]
    delete_upload(file=second)
    assert used() == 6
    assert refused(create_upload, filename="c", size=5) == [("QUOTA", ("size",))]
    create_upload(filename="c", size=4)
    receive_file(key=first.pk, chunks=[b"123456"])
    assert used() == 10


def test_what_nobody_uses_goes_and_what_is_used_stays(inside, django_capture_on_commit_callbacks):
    waiting, staged, kept = create_upload(filename="a", size=5), make_file(b"xy"), make_file(b"xyz")
    with unit_of_work():
        keep_file(file=kept, purpose=StoredFile.Purpose.ATTACHMENT)
    assert refused(delete_upload, file=StoredFile.objects.get(pk=kept.pk)) == [("IN_USE", ("id",))]
    with django_capture_on_commit_callbacks(using="default", execute=True), unit_of_work():
        assert discard_expired(before=timezone.now()) == 0
        assert discard_expired(before=timezone.now() + timedelta(days=2)) == 2
    assert list(StoredFile.objects.values_list("pk", flat=True)) == [kept.pk]
    assert (default_storage.exists(folder_of(staged)), default_storage.exists(folder_of(kept))) == (False, True)
    assert used() == 3
    with pytest.raises(NotFound):
        receive_file(key=waiting.pk, chunks=[b"12345"])


@pytest.mark.parametrize("seam", ["before the bytes are stored", "after the bytes are stored"])
def test_a_worker_that_dies_while_it_receives_leaves_a_file_that_can_be_brought_again(
    inside, monkeypatch, seam, django_capture_on_commit_callbacks
):
    row = create_upload(filename="a.txt", size=3)

    class Killed(BaseException):
        pass

    def dies(name, content):
        if seam.startswith("after"):
            really_save(name, content)
        raise Killed

    monkeypatch.setattr("tessera.files.services.receiving.save_bytes", dies)
    with pytest.raises(Killed):
        receive_file(key=row.pk, chunks=[b"xyz"])
    monkeypatch.setattr("tessera.files.services.receiving.save_bytes", really_save)
    with django_capture_on_commit_callbacks(using="default", execute=True):
        kept = receive_file(key=row.pk, chunks=[b"xyz"])
    assert b"".join(bytes_of(kept)) == b"xyz"
    assert default_storage.listdir(folder_of(kept))[1] == kept.parts  # nothing is left of the first attempt


def test_memory_does_not_grow_with_the_file(inside, settings):
    settings.TESSERA_FILE_BYTES = {"attachment": 1 << 30, "bulk": 1 << 30}

    def peak(chunks: int) -> int:
        row = create_upload(filename="a.txt", size=chunks * 65_536)
        chunk = b"x" * 65_536
        tracemalloc.start()
        receive_file(key=row.pk, chunks=(chunk for _ in range(chunks)))
        found = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return found

    peak(1)
    assert peak(320) < peak(16) + 256 * 1024  # 20 MB and 1 MB


def test_a_file_of_another_tenant_is_never_opened(inside):
    for path in (f"tenants/{new_id()}/files/x", "settings", "/etc/passwd", f"{prefix()}files/../../x"):
        with pytest.raises(SuspiciousFileOperation):
            open_bytes(path)
    row = make_file()
    row.parts = ["../../../../x"]
    with pytest.raises(SuspiciousFileOperation):
        bytes_of(row)


def test_bytes_that_are_gone_are_missed_before_anything_is_told(inside):
    row = make_file()
    default_storage.delete(paths_of(row)[0])
    with pytest.raises(FileNotFoundError):
        bytes_of(row)


def test_parts_are_read_one_after_the_other_when_the_tenant_was_left(tenant):
    with enter(tenant.ref(), actor=system("test"), modules=frozenset()):
        row = make_file(b"one")
        really_save(f"files/{row.pk}/second", ContentFile(b"two"))
        row.parts.append("second")
        content = bytes_of(row)
    assert b"".join(content) == b"onetwo"


@pytest.mark.parametrize(
    ("head", "kind"),
    [
        (b"%PDF-1.7", "application/pdf"),
        (b"\x89PNG\r\n\x1a\n", "image/png"),
        (b"RIFF\0\0\0\0WEBPVP8 ", "image/webp"),
        (b"RIFF\0\0\0\0WAVEfmt ", "audio/wav"),
        (b"RIFF\0\0\0\0AVI LIST", "application/octet-stream"),
        (b"\0\0\0\x18ftypheic", "image/heic"),
        (b"\0\0\0\x18ftypisom", "video/mp4"),
        (b"PK\x03\x04", "application/zip"),
        (b"MZ\x90\0", "application/octet-stream"),
        (b"\x7fELF\x02\x01\x01\0", "application/octet-stream"),
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


def test_a_name_promises_a_type_by_its_ending():
    assert lies("a.PDF", "text/plain") and not lies("a.PDF", "application/pdf")
    assert lies("a.docx", "application/pdf") and not lies("a.docx", "application/zip")
    assert not lies("a", "application/pdf") and not lies("a.dxf", "text/plain")
    assert set().union(*PROMISED.values()) <= KNOWN


@pytest.mark.committed
def test_of_many_who_announce_at_once_only_as_many_get_in_as_there_is_room_for(tenant, settings):
    settings.TESSERA_QUOTAS, settings.TESSERA_STORAGE_BYTES, answers, start = "", 100, [], threading.Barrier(6)

    def announce() -> None:
        try:
            with enter(tenant.ref(), actor=system("test"), modules=frozenset({"base"})):
                start.wait()
                for _ in range(5):
                    answers.append(ask(CREATE, input={"filename": "a", "size": 9})["data"]["fileUploadCreate"]["userErrors"])
        finally:
            connections.close_all()

    threads = [threading.Thread(target=announce) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers.count([]) == 11
    assert [each for each in answers if each] == [[{"field": ["input", "size"], "code": "QUOTA"}]] * 19
    with enter(tenant.ref(), actor=system("test"), modules=frozenset({"base"})):
        assert used() == 99
