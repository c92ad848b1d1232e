"""Requests that come five times at once, over HTTP, while the web server is killed: one effect, one answer."""

import json
import random
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from modules.base.models import Party
from tests.safety.faults import faults
from tests.safety.loop import Stubborn
from tests.safety.stack import Stack

COPIES = 5
CREATE = """mutation ($key: String, $name: String!) { partyCreate(idempotencyKey: $key, input: {name: $name, kind: PERSON}) {
    node { id code name version } userErrors { field code } } }"""

pytestmark = [pytest.mark.xdist_group("stack"), pytest.mark.slow, pytest.mark.timeout(900)]


def sender(world: Any) -> Stubborn:
    """Return one more phone of ida's."""
    ida = world.loops.people["ida"]
    return Stubborn(ida.address, ida.host, ida.token)


def send(phone: Stubborn, key: str, name: str) -> dict[str, Any]:
    return phone.query(CREATE, key=key, name=name)["partyCreate"]


def race(phones: list[Stubborn], keys: list[str]) -> list[set[str]]:
    """Let every phone send every key, all at the same moment; return the different answers to each key."""
    start = threading.Barrier(len(phones))
    answers: list[set[str]] = [set() for _ in keys]

    def work(phone: Stubborn) -> None:
        try:
            for place, key in enumerate(keys):
                start.wait()
                answers[place].add(json.dumps(send(phone, key, f"Person {key}")))
        except BaseException:
            start.abort()
            raise

    with ThreadPoolExecutor(len(phones)) as pool:
        list(pool.map(work, phones))
    return answers


def kill_again_and_again(stack: Stack, stop: threading.Event, dice: random.Random) -> int:
    """Kill the web server or one of its processes, each time that it is up, until told to stop; return how often."""
    kills = 0
    while not stop.is_set():
        stack.kill(dice.choice(["web", "web child"]))
        kills += 1
        stack.wait_until_up()
        stop.wait(dice.uniform(2, 6))
    return kills


@pytest.mark.safety
def test_each_key_has_one_effect_and_one_answer_while_the_web_server_is_killed(world, count):
    keys = [f"copy-{number}" for number in range(count("keys", 60, 2_000))]
    phones, stop = [sender(world) for _ in range(COPIES)], threading.Event()
    with ThreadPoolExecutor(1) as pool:
        killer = pool.submit(kill_again_and_again, world.stack, stop, random.Random(0))
        try:
            answers = race(phones, keys)
        finally:
            stop.set()
        kills = killer.result()
    world.settle()
    assert [key for key, found in zip(keys, answers, strict=True) if len(found) != 1] == []
    assert all(json.loads(next(iter(found)))["userErrors"] == [] for found in answers)
    made = Party.objects.filter(name__startswith="Person copy-")
    assert sorted(made.values_list("name", flat=True)) == sorted(f"Person {key}" for key in keys)
    for key in keys[::10]:
        conflict = {"node": None, "userErrors": [{"field": ["idempotencyKey"], "code": "CONFLICT"}]}
        assert send(phones[0], key, "Somebody else") == conflict
    assert made.count() == len(keys) and not Party.objects.filter(name="Somebody else").exists()
    assert faults() == []
    world.take_stock()
    again = sum(phone.sent_again for phone in phones)
    count.note(copies=COPIES, effects=len(keys), kills=kills, sent_again=again, altered=len(keys[::10]))


def test_without_keys_copies_show(world):
    """The control: the same copies without a key are all made."""
    phones = [sender(world) for _ in range(COPIES)]
    for phone in phones:
        phone.query(CREATE, name="Five times")
    assert Party.objects.filter(name="Five times").count() == COPIES
    world.take_stock()
