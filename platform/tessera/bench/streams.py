"""A thousand open streams in one process, by what each adds to its memory."""

import socket

import orjson

from tessera.access.services import issue_token
from tessera.bench.load import request
from tessera.bench.measures import Benchmark, Measured, within
from tessera.bench.servers import resident, streaming
from tessera.bench.stage import Stage, inside, owner_of

STREAMS, TOKENS, FIRST = 1_000, 50, 50  # the first ones bring what all share, and are not counted
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
            for place in range(FIRST):
                lines.append(_opened(port, tenant.slug, secrets[place % TOKENS]))
            before = resident(process)
            for place in range(STREAMS):
                lines.append(_opened(port, tenant.slug, secrets[place % TOKENS]))
            each = (resident(process) - before) / STREAMS / 1024
        finally:
            for line in lines:
                line.close()
    return within([each], MOST_KB)


def _opened(port: int, slug: str, secret: str) -> socket.socket:
    """Return a stream that has told its cursor."""
    line = socket.create_connection(("127.0.0.1", port), timeout=60)
    headers = [f"Authorization: Bearer {secret}", "Cache-Control: no-store"]
    asked = request("/graphql/stream", f"{slug}.localhost", body=orjson.dumps({"query": CHANGED}), headers=headers)
    line.sendall(asked.replace(b"Accept: application/json", b"Accept: text/event-stream"))
    answer = b""
    while b"id: " not in answer:
        part = line.recv(65_536)
        if not part:
            raise ConnectionError(answer.decode(errors="replace")[:500])
        answer += part
    return line


BENCHMARK = Benchmark("memory of a stream, 1,000 open", "the limit", "KB", 1, run)
