"""Writing for the tests of changes: with real commits, as the feed tells nothing else, in one database for each file."""

import pytest

from tessera.context import system
from tessera.testing.kept import _database  # noqa: F401
from tessera.testing.plugin import entered
from tessera.unit_of_work import unit_of_work


@pytest.fixture
def write(tenant):
    """Return a function that runs what is given in a unit of work of its own, as the system."""

    def run(work):
        with entered(tenant, actor=system("test")), unit_of_work():
            return work()

    return run
