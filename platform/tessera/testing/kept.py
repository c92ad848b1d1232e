"""A database for a whole file of tests, in which everything is committed; it is made anew after the last.

    from tessera.testing.kept import _database  # noqa: F401   (in the conftest of such tests)

For what only sees what is committed, where a fresh database for each test would take too long: such tests do not
depend on what others left.
"""

from collections.abc import Iterator
from typing import Any

import pytest

from tessera.testing import databases


@pytest.fixture(scope="module")
def _database(_clone: None, django_db_blocker: Any) -> Iterator[None]:
    with django_db_blocker.unblock():
        yield
        databases.renew()
