"""One stack for all tests that kill it: it takes a while to boot."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.safety.faults import inside
from tests.safety.loop import Loops
from tests.safety.stack import Stack
from tests.safety.world import World


@pytest.fixture(scope="session")
def _world(django_db_blocker: Any) -> Iterator[World]:
    stack = Stack()
    stack.start()
    try:
        made = World(stack, Loops(stack))
        made.loops.found()
        with django_db_blocker.unblock(), inside(stack.database(), made.slug):
            made.learn()
        yield made
    finally:
        stack.stop()


@pytest.fixture
def world(_world: World, django_db_blocker: Any) -> Iterator[World]:
    """Return the running stack with its company, and be inside the company's schema."""
    with django_db_blocker.unblock(), inside(_world.stack.database(), _world.slug):
        yield _world
