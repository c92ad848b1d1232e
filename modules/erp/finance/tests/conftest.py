"""The day on which the tests of finance happen, and what stock knows."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
import time_machine

from modules.base.api import expected_quantities
from modules.erp.finance.tests.factories import D


@pytest.fixture(autouse=True)
def day(_database: None) -> Iterator[None]:
    """Let every test happen on 15 March 2026."""
    with time_machine.travel(datetime(2026, 3, 15, 9, tzinfo=UTC), tick=True):
        yield


@pytest.fixture
def expected(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let stock know every receipt line that is asked about, of ten pieces."""
    monkeypatch.setattr(expected_quantities, "answered_by", lambda *, lines: dict.fromkeys(lines, D(10)))
