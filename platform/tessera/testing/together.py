"""Tests that share what is made once for their file run in one process, so that it is made once: a group of xdist each."""

import pytest


@pytest.hookimpl(tryfirst=True)  # before xdist reads the groups
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if _shares(item) and item.get_closest_marker("xdist_group") is None:
            item.add_marker(pytest.mark.xdist_group(item.nodeid.partition("::")[0]))


def _shares(item: pytest.Item) -> bool:
    """Say whether a test needs a fixture that is made once for all tests of its file."""
    needed = getattr(item, "_fixtureinfo", None)
    return needed is not None and any(found[-1].scope == "module" for found in needed.name2fixturedefs.values())
