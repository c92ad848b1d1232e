"""The day and the shop of probes that ask for them."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
import time_machine

from modules.erp.orders.tests.factories import Shop
from tests.probes.books import make_shop_with_books


@pytest.fixture
def day(_database) -> Iterator[None]:
    """Let a probe happen on 15 March 2026."""
    with time_machine.travel(datetime(2026, 3, 15, 9, tzinfo=UTC), tick=True):
        yield


@pytest.fixture
def shop(day, inside) -> Shop:
    """A shop with books, a customer, two items, and a supplier."""
    return make_shop_with_books()
