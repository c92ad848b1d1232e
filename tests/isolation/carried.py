"""What companies could carry into each other besides answers of the API: credentials, files, rows in hand, keys of Valkey."""

import json
import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.core.files.base import ContentFile
from django.utils import timezone
from tessera.files.models import StoredFile
from tessera.files.storage import save_bytes
from tessera.graph.ids import encode
from tessera.models import CrossTenantError
from tessera.notes.models import Attachment, Tag
from tessera.outbox.hints import client
from tessera.signing import BadToken, sign, unsign
from tessera.testing.rows import key_of
from tessera.testing.sweep.canaries import COBALT
from tessera.testing.sweep.findings import Leak, undone
from tessera.testing.sweep.worlds import raw
from tessera.unit_of_work import unit_of_work

from tests.isolation.credentials import CREDENTIALS, is_worthless

KEYS = re.compile(rb"(t_[0-9a-f]{32}:|sys:|test:[0-9a-f-]{36}:|:1:|_kombu|celery|unacked)")
BORROWED = 300


def credentials(world: Any) -> None:
    """No credential of the other company opens anything here."""
    for name, credential in CREDENTIALS.items():
        with undone(world.asked):
            here, there = (credential.make(world, place) for place in (world.asked, world.other))
            if not is_worthless(credential, world.asked, there):
                raise Leak(f"the other company's {name} is taken")
            if is_worthless(credential, world.asked, here):
                raise AssertionError(f"the company's own {name} is not taken, so this shows nothing")


def signatures(world: Any) -> None:
    """What is signed there is not signed here."""
    with world.other.inside():
        token = sign("sweep", "COBALT")
    with world.asked.inside():
        try:
            unsign("sweep", token, timedelta(days=1))
        except BadToken:
            return
    raise Leak("a signature of the other company is taken")


def files(world: Any) -> None:
    """A row that names a file of the other company does not open it."""
    with undone(world.asked):
        key = key_of(StoredFile, BORROWED)
        with world.other.inside():
            there = save_bytes(f"files/{key}/it", ContentFile(b"COBALT file"))
        with world.asked.inside(), unit_of_work():
            record = Attachment.objects.first()
            assert record
            about = {"name": "x.txt", "media_type": "text/plain", "size": 11, "sha256": "0" * 64}
            file = StoredFile(id=key, parts=[f"../../../../{there}"], in_use=True, received_at=timezone.now(), **about)
            file.save()
            Attachment(id=key_of(Attachment, BORROWED), label=record.label, record=record.record, file=file, **about).save()
        if found := COBALT.found_in(raw(world.asked.get(f"/files/{key_of(Attachment, BORROWED)}"))):
            raise Leak(f"{found} in a file of the other company")


def rows_in_hand(world: Any) -> None:
    """A row of the other company cannot be saved here."""
    with undone(world.asked):
        with world.other.inside():
            row = Tag.objects.get(pk=key_of(Tag, 0))
        with world.asked.inside(), unit_of_work():
            row.colour = "#aabbcc"
            try:
                row.save()
            except CrossTenantError:
                return
    raise Leak("a row of the other company was saved here")


def repeated_requests(world: Any) -> None:
    """An idempotency key that the other company has used is new here."""
    key = key_of(Tag, 0)
    with world.other.inside():
        assert Tag.objects.filter(pk=key).exists()
    text = (
        f'mutation {{ tagUpdate(id: "{encode("Tag", key)}", idempotencyKey: "one", input: {{colour: "#aabbcc"}}) '
        "{ node { name colour } userErrors { code } } }"
    )
    with undone(world.asked):
        assert COBALT.found_in(raw(world.other.post(text)))
        answer = world.asked.post(text)
        if found := COBALT.found_in(raw(answer)):
            raise Leak(f"{found} in an answer that was kept for the other company")
        assert json.loads(answer.content)["data"]["tagUpdate"]["node"]["colour"] == "#aabbcc"


def keys_of_valkey(world: Any) -> None:
    """Every key of Valkey names its tenant, or the system; what is kept for one company has nothing of the other's."""
    world.asked.post("{ me { member { name } } }")
    kept = client()
    mine = f"t_{world.asked.tenant.pk.hex}:".encode()
    for key in kept.scan_iter(count=1000):
        if not KEYS.match(key):
            raise Leak(f"{key!r} names no tenant")
        if key.startswith(mine) and kept.type(key) == b"string" and COBALT.found_in(kept.get(key) or b""):
            raise Leak(f"{key!r} holds something of the other company")


CARRIED: tuple[Callable[[Any], None], ...] = (credentials, signatures, files, rows_in_hand, repeated_requests, keys_of_valkey)


def carry(world: Any) -> None:
    """Try everything that can be carried; raise Leak at the first that gets through."""
    for each in CARRIED:
        each(world)
