"""The sweep is worth what it finds: every leak that is planted in a gate makes it fail."""

import pytest
from tessera.graph.answers import documents
from tessera.outbox.hints import client
from tessera.testing.sweep.findings import Leak, undone

from tests.isolation.carried import carry
from tests.isolation.plants import PLANTS


@pytest.fixture
def as_it_was(world):
    """Undo what a plant leads to; what is kept of documents was made without it before, and with it after."""
    documents.clear()
    with undone(world.asked):
        yield
    documents.clear()
    for key in client().scan_iter("sys:planted:*"):
        client().delete(key)


@pytest.mark.parametrize(("world", "name"), [(leak.world, name) for name, leak in PLANTS.items()], indirect=["world"])
def test_a_planted_leak_is_found(world, as_it_was, monkeypatch, name):
    leak = PLANTS[name]
    with monkeypatch.context() as patch:
        leak.plant(patch, world)
        with pytest.raises(Leak):
            if leak.part == "carried":
                carry(world)
            else:
                world.sweep(leak.part)
