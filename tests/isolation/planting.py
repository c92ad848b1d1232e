"""Plant a leak in a gate, and see whether the sweep of its world finds it."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from tessera.graph.requests import documents
from tessera.outbox.hints import client
from tessera.testing.sweep.findings import Leak, undone

from tests.isolation.carried import carry
from tests.isolation.plants import PLANTS


def planted_in(world: str) -> list[str]:
    """Return the names of the leaks that are planted in a world."""
    return [name for name, leak in PLANTS.items() if leak.world == world]


def find(world: Any, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Plant a leak, which the sweep has to find."""
    leak = PLANTS[name]
    with as_it_was(world), monkeypatch.context() as patch:
        leak.plant(patch, world)
        with pytest.raises(Leak):
            if leak.part == "carried":
                carry(world)
            else:
                world.sweep(leak.part)


@contextmanager
def as_it_was(world: Any) -> Iterator[None]:
    """Undo what a plant leads to; what is kept of documents was made without it before, and with it after."""
    documents.clear()
    with undone(world.asked):
        yield
    documents.clear()
    for key in client().scan_iter("sys:planted:*"):
        client().delete(key)
