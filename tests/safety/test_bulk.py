"""kill -9 of whoever works on a bulk operation: the next one goes on from the checkpoint, and every row is there once."""

import hashlib
import json
import time
from collections import Counter
from uuid import uuid4

import pytest
from django.db import connections
from tessera.story.client import Client

pytestmark = [pytest.mark.xdist_group("stack"), pytest.mark.slow, pytest.mark.timeout(900)]
SHOWN = "query ($id: ID!) { bulkOperation(id: $id) { state rowsDone rowsFailed rowsTotal errorCode resultUrl } }"
PATIENCE = 300.0  # seconds


@pytest.fixture
def quiet(world):
    """Leave the stack as it was found, so that what others count is right."""
    world.settle()
    yield world
    world.settle()
    world.take_stock()


class Operation:
    """A bulk operation that ada asked for."""

    def __init__(self, world, verb, given):
        self.world, self.ada = world, world.loops.people["ada"]
        payload = self.ada.payload(f"bulkOperation{verb}", "node { id }", input=given)
        assert payload["userErrors"] == []
        self.id = payload["node"]["id"]

    def shown(self):
        return self.ada.query(SHOWN, id=self.id)["bulkOperation"]

    def until(self, look):
        """Return what is shown of it once it looks as wanted."""
        deadline = time.monotonic() + PATIENCE
        while not look(found := self.shown()):
            assert time.monotonic() < deadline, found
            time.sleep(0.02)
        return found

    def survive(self, kills):
        """Kill whoever works, each time after another checkpoint; return how many died before it was done."""
        died, done = 0, 0
        while died < kills:
            found = self.until(lambda shown, done=done: shown["state"] == "DONE" or shown["rowsDone"] > done)
            if found["state"] == "DONE":
                break
            done = found["rowsDone"]
            self.world.stack.kill_all("worker child")
            died += 1
        return died

    def result(self):
        """Return the lines of its result once it is done, and what was shown then."""
        shown = self.until(lambda found: found["state"] in ("DONE", "FAILED", "CANCELLED"))
        assert shown["state"] == "DONE", shown
        answer = Client._send(self.ada, "GET", shown["resultUrl"])  # lines of JSON, which are no JSON
        assert answer.status_code == 200, answer.text
        return [json.loads(line) for line in answer.text.splitlines()], shown


def upload(ada, lines):
    """Bring a file of lines; return its id."""
    body = "\n".join(json.dumps(line) for line in lines).encode()
    about = {"filename": "lines.jsonl", "size": len(body), "sha256": hashlib.sha256(body).hexdigest()}
    query = "mutation ($input: FileUploadCreateInput!) { fileUploadCreate(input: $input) { node { id uploadUrl } userErrors { code } } }"
    made = ada.query(query, input=about | {"purpose": "BULK"})["fileUploadCreate"]
    assert made["userErrors"] == []
    answer = ada._send("PUT", made["node"]["uploadUrl"], content=body)
    assert answer.status_code in (200, 201, 204), answer.text
    return made["node"]["id"]


def names_like(world, mark):
    """Return how often each name that begins with a mark is there, from the table itself."""
    with connections["default"].cursor() as cursor:
        cursor.execute("SELECT name FROM base_party WHERE name LIKE %s", [f"{mark}%"])
        return Counter(name for (name,) in cursor.fetchall())


@pytest.mark.safety
def test_every_line_in_and_every_row_out_is_there_once_whatever_worker_is_killed(quiet, count):
    lines, kills = count("lines", 200, 10_000), count("kills", 1, 10)
    ada, mark = quiet.loops.people["ada"], uuid4().hex[:12]
    names = [f"{mark} {number:06}" for number in range(lines)]

    inward = Operation(
        quiet, "Import", {"mutation": "partyCreate", "file": upload(ada, [{"input": {"name": each}} for each in names])}
    )
    died = inward.survive(kills)
    assert died >= 1
    found, shown = inward.result()
    assert [line["line"] for line in found] == list(range(1, lines + 1))
    assert (shown["rowsDone"], shown["rowsFailed"], shown["rowsTotal"]) == (lines, 0, lines)
    assert names_like(quiet, mark) == Counter(names)

    query = f'{{ parties(filter: {{name: {{startsWith: "{mark}"}}}}, orderBy: [{{field: NAME}}]) {{ nodes {{ id name }} }} }}'
    outward = Operation(quiet, "Export", {"query": query})
    died_out = outward.survive(kills)
    found, shown = outward.result()
    assert [row["name"] for row in found] == names
    assert (shown["rowsDone"], shown["rowsFailed"]) == (lines, 0)
    count.note(killed_in=died, killed_out=died_out)
