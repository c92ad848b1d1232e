"""The day on which the tests of finance happen."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
import time_machine


@pytest.fixture(autouse=True)
def day(_database: None) -> Iterator[None]:
    """Let every test happen on 15 March 2026."""
    with time_machine.travel(datetime(2026, 3, 15, 9, tzinfo=UTC), tick=True):
        yield
