"""Every value that any mutation takes is given the worst that its type allows: the answer has a code of the closed list."""

import json
import os
import re
from collections.abc import Iterator
from itertools import islice

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import seed as seeded
from tessera.testing.probing import quoted
from tessera.testing.sweep.companies import MOST_CHANGES
from tessera.testing.sweep.documents import packed
from tessera.testing.sweep.findings import CLOSED, Sweep

from tests.contract.generated import documents
from tests.isolation.conftest import companies  # noqa: F401

KINDS = int(os.environ.get("TESSERA_HOSTILE", "1"))  # how many bad values each place gets; the long count gives all, each alone
WORST = {  # what a service gets to see
    "String": ('""', quoted("x" * 3_000), quoted("' OR 1=1 --"), quoted("\u202e%s{0}")),
    "Decimal": (quoted("9" * 30), '"-0.00000000000000000001"', '"0"', '"-1"'),
    "Int": ("2147483647", "-2147483648", "0", "-1"),
    "BigInt": ('"9223372036854775807"', '"-9223372036854775808"'),
    "Date": ('"9999-12-31"', '"0001-01-01"'),
    "DateTime": ('"9999-12-31T23:59:59-00:00"', '"0001-01-02T00:00:00+14:00"'),
    "JSON": ("{a: {b: [" + "1," * 200 + "1]}}", '"x"', "[]"),
    "ID": (quoted("Party:none"), '""', quoted("UGFydHk6" * 50)),
    "UUID": ('"00000000-0000-0000-0000-000000000000"',),
    "Boolean": ("null",),
}
UNREAD = {  # what is refused before anything is run
    "String": (quoted("a\0b"), quoted("\ud800")),
    "Decimal": ('"NaN"', '"1e400"', '"-Infinity"', '"x"'),
    "Int": ("2147483648",),
    "BigInt": ('"9223372036854775808"', '"x"'),
    "Date": ('"0000-01-01"', '"12026-01-01"', '"2026-02-30"'),
    "DateTime": ('"0000-01-01T00:00:00Z"', '"9999-12-31T23:59:59-12:00"', '"2026-01-01"'),
    "Time": ('"25:00:00"',),
    "JSON": ('"a\\u0000b"', "1e400"),
    "ID": ('"\\u0000"',),
    "UUID": ('"x"',),
}

INTERNAL = re.compile(  # what a message must not hold: a traceback, SQL, a path, a class of Python
    r"Traceback|File \"|\.py\b|/(?:work|usr|home|site-packages)/|psycopg|django|graphql-core|object at 0x|<class"
    r"|\b(?:SELECT|INSERT INTO|UPDATE|DELETE FROM)\b.*\b(?:FROM|VALUES|SET|WHERE)\b|DETAIL:|CONTEXT:|violates|constraint"
    r"|\b\w*(?:Error|Exception)\b|\b(?:tessera|modules|tenants|billing|frontend_api)\.\w+\.|NoneType|\bself\b"
)


def hostile(changes, worst, kinds) -> Iterator[str]:
    """Yield every mutation for each of its values with `kinds` of the bad ones of its type, a different one from place to place."""
    place = 0
    for name in changes.names():
        for path, kind, _reader in changes.leaves(name):
            values = worst.get(kind.name, ())
            yield from (
                changes.text(name, 0, planted=(path, values[(place + more) % len(values)]))
                for more in range(min(kinds, len(values)))
            )
            place += 1


@pytest.mark.safety
def test_a_service_answers_bad_values_with_codes_and_never_with_a_defect(companies, count):  # noqa: F811
    found = packed(hostile(companies.changes, WORST, KINDS), "mutation", 1 if KINDS > 1 else MOST_CHANGES)
    tally = companies.sweep().run(islice(found, 0, None, count("one_in", 5, 1)))
    assert tally.defects == [], "\n".join(each[-700:] for each in tally.defects)
    assert set(tally.codes) <= CLOSED


def test_values_that_are_none_are_bad_input_and_nothing_is_run(companies):  # noqa: F811
    found = list(hostile(companies.changes, UNREAD, KINDS))
    sweep = companies.sweep()
    tally = sweep.run(packed(found if KINDS > 1 else found[::25], "mutation", 1))
    assert tally.defects == []
    assert set(tally.codes) == {"BAD_INPUT"}


@pytest.mark.safety(seeds=(1, 10))
def test_whatever_the_schema_allows_is_answered_or_refused_by_code_and_tells_nothing_internal(companies, seed, count):  # noqa: F811
    number, roots = count("documents", 150, 1_000), count("roots", 60, 1_000)
    sweep, served = Sweep(companies.asked, companies.ask, says_nothing_internal), []

    @seeded(seed)
    @settings(max_examples=number, database=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck))
    @given(documents(companies.schema, companies.asked, roots, seed))
    def ask(text):
        before = sweep.tally.codes.total()
        sweep.run([text])
        if sweep.tally.codes.total() == before:
            served.append(text)

    ask()
    tally = sweep.tally
    count.note(**{f"answered {code}": times for code, times in tally.codes.items()})
    count.note(answered_without_error=len(served))
    assert tally.asked >= number and len(served) > number / 10  # else nothing was tried but the checks at the door
    assert tally.defects == [], "\n".join(each[-700:] for each in tally.defects)
    assert set(tally.codes) <= CLOSED


def says_nothing_internal(text, response):
    """Raise where an answer is no answer, or a message in it tells of what is inside."""
    assert response.status_code in (200, 400, 403, 404, 429), (response.status_code, text)
    found = [message for message in messages(json.loads(response.content)) if INTERNAL.search(message)]
    assert found == [], text


def messages(body):
    """Yield the messages of an answer, of errors and of findings about inputs."""
    if isinstance(body, list):
        for each in body:
            yield from messages(each)
    elif isinstance(body, dict):
        for name, value in body.items():
            if name == "message" and isinstance(value, str):
                yield value
            yield from messages(value)
