"""What a stream takes at most, and what keeps a quiet one open."""

import asyncio
import json
import time
from pathlib import Path

import pytest
from tessera.accounts.authentication import Credential
from tessera.changes.feed import Slice
from tessera.changes.tests.reader import saved, unique
from tessera.context import system
from tessera.errors import ApiError, Code
from tessera.fields import new_id
from tessera.graph.requests import Request
from tessera.graph.subscribing import Subscribed
from tessera.testing.plugin import entered

from frontend_api.streams import app, looking, stream
from frontend_api.streams.hub import Hub
from frontend_api.streams.stream import BEAT, ROOM, Stream, last_event, next_event, position
from frontend_api.streams.tests.line import CHANGED
from tests.samples.library.models import Author

NOTHING = Slice("", "", [])
MOST_BYTES = 80_000  # of one stream


@pytest.fixture
def quiet():
    """Return a stream that nothing happens on."""
    subscribed = Subscribed(Request(CHANGED, {}), None, None)
    return Stream(new_id(), new_id(), Credential("hash", False), subscribed, NOTHING)


def test_a_client_that_does_not_keep_up_is_sent_away_after_a_while(quiet, tenant, monkeypatch):
    quiet.put(*[b"frame"] * (ROOM - 1))
    assert quiet.has_room() and not quiet.is_given_up()
    quiet.put(b"frame")
    assert not quiet.has_room() and not quiet.is_given_up()
    monkeypatch.setattr(stream, "PATIENCE", 0)
    assert quiet.is_given_up()
    with entered(tenant, actor=system("test")):
        found = looking._Looking().at(quiet, looking.Standing(None, False, ""))
    assert found.ended
    reason = json.loads(found.frames[0].split(b"\n")[1].removeprefix(b"data: "))
    assert reason["errors"][0]["extensions"] == {"code": "RATE_LIMITED"}
    quiet.end(*found.frames)
    assert list(quiet.waiting) == found.frames


def test_a_client_that_reads_on_keeps_its_stream(quiet, monkeypatch):
    monkeypatch.setattr(stream, "PATIENCE", 0)
    quiet.put(*[b"frame"] * ROOM)
    assert not quiet.has_room() and quiet.is_given_up()
    quiet.waiting.popleft()
    assert quiet.has_room() and not quiet.is_given_up()


def test_a_quiet_stream_has_a_heartbeat_until_the_client_hangs_up(quiet, monkeypatch):
    monkeypatch.setattr(app, "HEARTBEAT", 0.01)
    sent, hung_up = [], asyncio.Event()

    async def receive():
        await hung_up.wait()
        return {"type": "http.disconnect"}

    async def send(message):
        sent.append(message)
        if len(sent) == 5:
            hung_up.set()

    asyncio.run(app._stream(quiet, receive, send))
    assert sent[0]["status"] == 200 and dict(sent[0]["headers"])[b"content-type"] == b"text/event-stream; charset=utf-8"
    assert [message["body"] for message in sent[1:5]] == [BEAT] * 4
    assert all(message.get("more_body") for message in sent[1:])


def test_who_takes_nothing_is_hung_up_on(quiet, monkeypatch):
    monkeypatch.setattr(app, "STUCK", 0.01)
    sent = []

    async def receive():
        await asyncio.Event().wait()

    async def send(message):
        sent.append(message)
        if len(sent) > 2:
            await asyncio.Event().wait()

    quiet.put(b"one", b"two")
    asyncio.run(app._stream(quiet, receive, send))
    assert [message["body"] for message in sent[1:]] == [BEAT, b"one"]


def test_a_defect_ends_the_one_stream_that_has_it(tenant, monkeypatch):
    broken, well = (Stream(tenant.id, new_id(), Credential(name, False), None, NOTHING) for name in ("broken", "well"))

    def at(self, stream, standing):
        if stream is broken:
            raise LookupError("secret inside")
        return looking.Found(None, "", frozenset(), [b"frame"])

    monkeypatch.setattr(looking._Looking, "at", at)
    found = looking.look(tenant.id, [broken, well])
    assert (found[well].frames, found[well].ended, found[broken].ended) == ([b"frame"], False, True)
    assert b"INTERNAL" in found[broken].frames[0] and b"secret" not in found[broken].frames[0]


def test_a_stream_that_ends_says_so_and_closes(quiet):
    sent = []

    async def receive():
        await asyncio.Event().wait()

    async def send(message):
        sent.append(message)

    quiet.put(next_event("abc", b"{}"))
    quiet.ended = True
    quiet.put(last_event())
    asyncio.run(app._stream(quiet, receive, send))
    assert [message["body"] for message in sent[1:]] == [
        BEAT,
        b"id: abc\nevent: next\ndata: {}\n\n",
        b"event: complete\ndata:\n\n",
        b"",
    ]
    assert sent[-1]["more_body"] is False
    assert position("abc") == b"id: abc\n\n"


def test_a_company_has_a_number_of_lines_at_most_whoever_opens_them(settings):
    settings.TESSERA_STREAMS = {"person": 2, "tenant": 3}
    subscribed, tenant, other = Subscribed(Request(CHANGED, {}), None, None), new_id(), new_id()

    def of(where, member):
        return Stream(where, member, Credential("hash", False), subscribed, NOTHING)

    async def fill():
        hub, (ann, ben) = Hub(), (new_id(), new_id())
        lines = [of(tenant, who) for who in (ann, ann, ben)]
        for line in lines:
            hub.add(line)
        with pytest.raises(ApiError) as refused:
            hub.add(of(tenant, new_id()))  # she has none, but the company has all of its own
        assert (refused.value.code, refused.value.extensions) == (Code.RATE_LIMITED, {"retryAfter": 60})
        hub.add(of(other, new_id()))
        hub.remove(lines[0])
        hub.add(of(tenant, ben))
        with pytest.raises(ApiError):
            hub.add(of(tenant, ann))
        assert (len(hub.streams[tenant]), len(hub.streams[other])) == (3, 1)
        await hub.stop()

    asyncio.run(fill())


@pytest.mark.safety
def test_a_stream_takes_little_memory(server, listen, person, count, write):
    """Twenty lines of each of some people; the first of each is not counted, as it brings what all share."""
    people = [person() for _ in range(count("people", 4, 50))]
    for who in people:
        listen(who.secret).opened()
    before = resident(server.process.pid)
    lines = [listen(who.secret, types=["Author"]) for who in people for _ in range(19)]
    for line in lines:
        line.opened()
    each = (resident(server.process.pid) - before) // len(lines)
    began = time.monotonic()
    write(lambda: saved(Author(name=unique("Ann"))))
    assert {line.change()["op"] for line in lines} == {"CREATED"}
    count.note(streams=len(lines), bytes_each=each, milliseconds_to_the_last=int((time.monotonic() - began) * 1_000))
    assert each < MOST_BYTES


def resident(pid):
    """Return the bytes that a process and its children hold."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    status = Path(f"/proc/{pid}/status").read_text()
    own = int(status.partition("VmRSS:")[2].split()[0]) * 1024
    return own + sum(resident(int(child)) for child in children)
