"""The template database of the tests is made anew when a module changes, wherever its package lies."""

from types import ModuleType, SimpleNamespace

import pytest
from tessera.module import Module
from tessera.testing import databases


@pytest.fixture
def outside(monkeypatch, tmp_path):
    """Install a module that lies outside of the checkout, as far as the template can tell; return its folder."""
    package = tmp_path / "site-packages" / "spare"
    package.mkdir(parents=True)
    (package / "models.py").write_text("first = 1\n")
    found = type("Spare", (Module,), {"name": "spare", "label": "spare", "path": str(package)})("spare", ModuleType("spare"))
    ours = list(databases.apps.get_app_configs())
    monkeypatch.setattr(databases, "apps", SimpleNamespace(get_app_configs=lambda: [*ours, found]))
    return package


def test_a_module_outside_of_the_checkout_counts(outside):
    before = databases.fingerprint()
    (outside / "models.py").write_text("second = 2\n")
    after = databases.fingerprint()
    assert before != after
    (outside / "tests").mkdir()
    (outside / "tests" / "test_it.py").write_text("third = 3\n")
    assert databases.fingerprint() == after


def test_a_module_that_is_installed_or_removed_counts(outside, monkeypatch):
    with_it = databases.fingerprint()
    monkeypatch.undo()
    assert databases.fingerprint() != with_it
