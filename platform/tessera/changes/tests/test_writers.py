"""Nothing is lost and nothing told twice while many write at once, whatever the order in which they commit."""

import random
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connections

from tessera.changes.tests.reader import Reader, reader_of
from tessera.context import system
from tessera.graph.ids import decode
from tessera.testing.plugin import entered
from tessera.unit_of_work import unit_of_work
from tests.samples.library.models import Author

WRITERS = 8


def write_slowly(tenant, seed, units):
    """Write units of one to three rows that stay open for a while, so that transactions commit in another order than they began."""
    dice = random.Random(seed)
    made = []
    try:
        for unit in range(units):
            with entered(tenant, actor=system("test")), unit_of_work():
                rows = [Author(name=f"{seed}-{unit}-{n}") for n in range(dice.randint(1, 3))]
                for row in rows:
                    row.save()
                if dice.random() < 0.3:
                    rows[0].born = "2000-01-01"
                    rows[0].save()
                time.sleep(dice.random() * 0.02)
            made += [row.pk for row in rows]
        return made
    finally:
        connections.close_all()


class Broken:
    """A reader whose line breaks in the midst of every page: it goes on from the last change that it got."""

    def __init__(self, reader, dice):
        self.reader, self.dice = reader, dice
        self.created = Counter()

    def read(self):
        """Read on; say whether there is more."""
        answer = self.reader.more(self.dice.randint(1, 20))
        items = answer["items"]
        if not items:
            return answer["hasMore"]
        kept = items[: self.dice.randint(1, len(items))]
        self.created.update(decode(each["id"])[1] for each in kept if each["op"] == "CREATED")
        self.reader.cursor = kept[-1]["cursor"]
        return True


@pytest.mark.safety(seeds=(1, 5))
def test_eight_writers_lose_nothing(tenant, seed, count):
    units, dice = count("units", 25, 250), random.Random(seed)
    bob = Reader(tenant, reader_of("library.author_view"))
    broken = Broken(Reader(tenant, bob.actor), dice)
    created = Counter()
    with ThreadPoolExecutor(WRITERS) as pool:
        writers = [pool.submit(write_slowly, tenant, f"{seed}-{n}", units) for n in range(WRITERS)]
        writing = True
        while writing:
            writing = not all(each.done() for each in writers)  # asked first: once more for what came meanwhile
            created.update(key for _, op, key in bob.told(dice.randint(1, 20)) if op == "CREATED")
            broken.read()
        made = Counter(key for each in writers for key in each.result())
    while broken.read():
        pass
    assert created == made
    assert broken.created == made
    assert min(made.values()) == max(made.values()) == 1
    count.note(rows=len(made))
