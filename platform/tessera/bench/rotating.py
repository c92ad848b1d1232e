"""The worker of `rotation`, a process of its own: reads the names of schemas, answers, and tells what it counted."""

import sys
from collections.abc import Iterator
from itertools import combinations, count, cycle
from pathlib import Path
from typing import Any

import django
import orjson

django.setup()

from django.db import connections  # noqa: E402 (needs the apps)

from tessera.context import EVERYTHING, Actor, Reach, TenantRef, enter  # noqa: E402
from tessera.fields import new_id  # noqa: E402
from tessera.graph.answers import answer_here  # noqa: E402
from tessera.graph.names import lower_first  # noqa: E402
from tessera.graph.needs import needs, whole_schema  # noqa: E402
from tessera.graph.requests import WHOLE, Request, documents  # noqa: E402
from tessera.graph.shapes import Column  # noqa: E402
from tessera.graph.statements import Call  # noqa: E402
from tessera.module import closure, modules  # noqa: E402
from tessera.permissions import known_permissions  # noqa: E402
from tessera.warming import warm_up  # noqa: E402

COMPANIES, SETS, DOCUMENTS, EACH = 3_000, 300, 200, 7
WRONG = 60  # sets whose own schema is asked for as well, by a document that is wrong


def texts() -> list[str]:
    """Return the documents: of each resource its page, its page with a cursor and a total, until there are enough."""
    found = []
    for form in ("{ nodes { ... } pageInfo { endCursor } }", "{ totalCount edges { cursor node { ... } } }"):
        for shape in whole_schema().extensions["shapes"]:
            columns = [name for name, member in shape.members.items() if isinstance(member, Column)]
            name = lower_first(shape.resource.plural)
            shown = form.replace("...", " ".join(["id", *columns]))
            found.append(f"query($first: Int) {{ {name}(first: $first) {shown} }}")
    return found[:DOCUMENTS]


def sets() -> list[frozenset[str]]:
    """Return sets of modules, all closed ones first; where these are too few, others have a partner's module besides."""
    labels = sorted(modules())
    closed = {closure(each) for size in range(len(labels) + 1) for each in combinations(labels, size)}
    found = sorted(closed, key=sorted)
    partners = (found[place % len(closed)] | {f"partner_{place}"} for place in count())
    while len(found) < SETS:
        found.append(next(partners))
    return found[:SETS]


def actors() -> Iterator[Actor]:
    """Yield people in turn: one who sees everything, and one who sees what is of two units."""
    rights = known_permissions(frozenset(modules()))
    for reach in cycle((EVERYTHING, Reach(units=frozenset((new_id(), new_id()))))):
        yield Actor(kind="member", member_id=new_id(), name="bench", grants=dict.fromkeys(rights, reach))


class Misses:
    """Counts documents and statements that had to be made."""

    def __init__(self) -> None:
        self.statements = 0
        make = Call._make

        def counting(call: Call, *given: Any) -> Any:
            self.statements += 1
            return make(call, *given)

        Call._make = counting  # type: ignore[method-assign, assignment]

    def so_far(self) -> int:
        return self.statements + documents.made


def private(process: int) -> float:
    """Return the megabytes that a process has to itself."""
    status = Path(f"/proc/{process}/status").read_text()
    return int(status.partition("RssAnon:")[2].split()[0]) / 1024


def main(schemas: list[str]) -> dict[str, Any]:
    """Answer, and return what was counted."""
    warm_up()
    people, known, worst, served = actors(), texts(), 0.0, set()
    needed = {text: documents.get(WHOLE, whole_schema(), text, needs()).needs for text in known}
    misses, asked, before = Misses(), 0, 0

    def ask(text: str) -> None:
        body = answer_here(Request(text, {"first": 10})).body
        if "errors" in body:
            raise AssertionError(f"{text}: {body['errors']}")

    def company(place: int, on: frozenset[str], person: Actor) -> Any:
        ref = TenantRef(id=new_id(), schema=schemas[place * len(schemas) // COMPANIES], name=f"company {place}")
        return enter(ref, actor=person, modules=on)

    for _, person in zip(range(2), people, strict=False):
        with company(0, frozenset(modules()), person):
            for text in known:
                ask(text)
    before = misses.so_far()
    following = cycle(known)
    many = sets()
    for place in range(COMPANIES):
        on = many[place % SETS]
        wanted: list[str] = []
        while len(wanted) < EACH:
            text = next(following)
            if needed[text] <= on:
                wanted.append(text)
        with company(place, on, next(people)):
            for text in wanted:
                ask(text)
            backend = connections["default"].connection.info.backend_pid
            served.add(backend)
            worst = max(worst, private(backend))
        asked += EACH
    missed = misses.so_far() - before
    for place, on in enumerate(many[:WRONG]):
        with company(place, on, next(people)):
            answer_here(Request("{ nothingIsNamedSo }", {}))
    return {
        "requests": asked,
        "missed": missed,
        "misses": max(missed, 1) / asked * 100,
        "worker": round(resident_mb(), 1),
        "backend": round(worst, 1),
        "server processes": len(served),
        "closed sets": len({closure(each) for size in range(len(modules()) + 1) for each in combinations(modules(), size)}),
    }


def resident_mb() -> float:
    """Return the megabytes that this process holds."""
    return int(Path("/proc/self/status").read_text().partition("VmRSS:")[2].split()[0]) / 1024


if __name__ == "__main__":
    sys.stdout.buffer.write(orjson.dumps(main(orjson.loads(sys.stdin.buffer.read()))))
