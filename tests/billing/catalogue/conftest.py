"""A catalogue in force for a test, and a partner's module installed in it."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.conf import settings as in_force
from django.test.utils import override_settings
from tessera.module import modules

from billing.catalogue.offers import Catalogue
from tests.billing.catalogue import planted

LAMP = "tests.billing.catalogue.lamp.apps.Lamp"


@pytest.fixture
def plant(settings: Any, monkeypatch: Any) -> Callable[[Catalogue], None]:
    """Return a function that puts a catalogue in force."""

    def put(catalogue: Catalogue) -> None:
        name = f"PLANTED_{id(catalogue)}"
        monkeypatch.setattr(planted, name, catalogue, raising=False)
        settings.TESSERA_CATALOGUE = f"tests.billing.catalogue.planted.{name}"

    return put


@pytest.fixture
def lamp() -> Iterator[None]:
    """Install a partner's module that is paid for."""
    with override_settings(INSTALLED_APPS=[*in_force.INSTALLED_APPS, LAMP], TENANT_APPS=[*in_force.TENANT_APPS, LAMP]):
        modules.cache_clear()
        yield
    modules.cache_clear()
