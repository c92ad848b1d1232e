"""A thousand open streams in one process, by what each adds to its memory."""

import socket

import orjson

from tessera.access.services import issue_token
from tessera.bench.load import request
from tessera.bench.measures import Benchmark, Measured, within
from tessera.bench.servers import resident, streaming
from tessera.bench.stage import Stage, inside, owner_of

STREAMS, TOKENS = 1_000, 50  # one of each token brings what all of it share, and is not counted
MOST_KB = 80
CHANGED = 'subscription { changed(types: ["Party"]) { type id op cursor } }'


def run(stage: Stage) -> Measured:
    """Open the streams of fifty tokens of one company, each told from where on it listens, and look at the process before and after."""
    tenant = stage.tenant()
    member = owner_of(tenant)
    with inside(tenant, member):
        secrets = [issue_token(name=f"bench {place}", scopes=["*"]).secret for place in range(TOKENS)]
    lines: list[socket.socket] = []
    with streaming() as (port, process):
        try:
            _open(lines, port, tenant.slug, secrets, TOKENS)
            before = resident(process)
            _open(lines, port, tenant.slug, secrets, STREAMS)
            each = (resident(process) - before) / STREAMS / 1024
        finally:
            for line in lines:
                line.close()
    return within([each], MOST_KB)


def _open(lines: list[socket.socket], port: int, slug: str, secrets: list[str], many: int) -> None:
    """Open so many more streams, as many at once as there are tokens: each is told its cursor at the next look."""
    for _ in range(many // len(secrets)):
        opened = [_asked(port, slug, secret) for secret in secrets]
        lines += opened
        for line in opened:
            _await_cursor(line)


def _asked(port: int, slug: str, secret: str) -> socket.socket:
    """Return a stream that was asked for."""
    line = socket.create_connection(("127.0.0.1", port), timeout=60)
    headers = [f"Authorization: Bearer {secret}", "Cache-Control: no-store"]
    asked = request("/graphql/stream", f"{slug}.localhost", body=orjson.dumps({"query": CHANGED}), headers=headers)
    line.sendall(asked.replace(b"Accept: application/json", b"Accept: text/event-stream"))
    return line


def _await_cursor(line: socket.socket) -> None:
    """Wait until a stream is told its cursor."""
    answer = b""
    while b"id: " not in answer:
        part = line.recv(65_536)
        if not part or not (answer + part).startswith(b"HTTP/1.1 200 "[: len(answer + part)]):
            raise ConnectionError((answer + part).decode(errors="replace")[:500])
        answer += part


BENCHMARK = Benchmark("memory of a stream, 1,000 open", "the limit", "KB", 1, run)
