"""The sweep is worth what it finds: every leak that is planted in a gate makes it fail. Here a company is asked about another.

The world is made once for all of them, so those of the other world have a file of their own.
"""

import pytest

from tests.isolation.planting import find, planted_in


@pytest.mark.parametrize("name", planted_in("companies"))
def test_a_planted_leak_is_found(companies, monkeypatch, name):
    find(companies, name, monkeypatch)
