"""The running stack with a company in it, and what one undisturbed loop writes there."""

import time
from collections import Counter

from django.db import InterfaceError, OperationalError, connections

from tests.safety.faults import Rows, count_rows, stuck
from tests.safety.loop import Loops, Stubborn
from tests.safety.stack import Stack

QUIET = 120.0  # seconds until everything that waited is done


class World:
    """Made once for all tests that need it; `learn` and what looks at rows is called inside the company."""

    def __init__(self, stack: Stack, loops: Loops) -> None:
        self.stack, self.loops = stack, loops
        self.before: Rows = Counter()
        self.one_loop: Rows = Counter()
        self.since = 0  # loops that were played when the rows of `before` were counted

    @property
    def slug(self) -> str:
        return self.loops.ids["slug"]

    def learn(self) -> None:
        """Play two undisturbed loops; the first also makes what there is one of, the second shows what one writes."""
        counts = []
        for _ in range(2):
            self.loops.play()
            self.settle()
            counts.append(count_rows())
        self.one_loop = counts[1] - counts[0]
        self.take_stock()

    def take_stock(self) -> None:
        """Take the rows that are there now as right."""
        self.before, self.since = count_rows(), len(self.loops.played)

    def uneven(self) -> list[str]:
        """Name the tables that did not grow by exactly what the loops since then write."""
        now, loops = count_rows(), len(self.loops.played) - self.since
        expected = {table: self.before[table] + loops * self.one_loop[table] for table in now}
        return [f"{table} has {now[table]} rows, not {rows}" for table, rows in expected.items() if now[table] != rows]

    def settle(self) -> None:
        """Wait until everything is up and no fact waits for its handler."""
        self.stack.wait_until_up()
        deadline = time.monotonic() + QUIET
        while left := self._waiting():
            assert time.monotonic() < deadline, left
            time.sleep(0.1)

    def _waiting(self) -> list[str]:
        try:
            return stuck()
        except (OperationalError, InterfaceError) as error:  # PostgreSQL was killed meanwhile
            for connection in connections.all():
                connection.close()
                connection.close_pool()
            return [str(error)]

    def sent_again(self) -> int:
        """Return how many requests people had to send more than once."""
        return sum(person.sent_again for person in self.loops.people.values() if isinstance(person, Stubborn))
