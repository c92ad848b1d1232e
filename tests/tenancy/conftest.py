"""Modules that exist only here: alpha <- beta, gamma needs alpha, pack bundles alpha and beta."""

from collections.abc import Iterator

import pytest
from django.conf import settings
from django.test.utils import override_settings
from tessera.db import scripts
from tessera.module import modules
from tessera.outbox.hints import client

PLANTED = [f"tests.tenancy.planted.{name}.apps.{name.title()}" for name in ("alpha", "beta", "gamma", "pack")]


def forget_modules() -> None:
    """Drop what the process has worked out about modules and migrations."""
    for cached in (
        modules,
        scripts.loader,
        scripts.digest_of,
        scripts.fingerprint_of,
        scripts.kernel_fingerprint,
    ):
        cached.cache_clear()


@pytest.fixture
def planted() -> Iterator[list]:
    """Install the planted modules in this process; yield the list of their hooks' calls."""
    apps = {"INSTALLED_APPS": [*settings.INSTALLED_APPS, *PLANTED], "TENANT_APPS": [*settings.TENANT_APPS, *PLANTED]}
    with override_settings(**apps):
        forget_modules()
        from tests.tenancy.planted.alpha.apps import CALLS

        CALLS.clear()
        yield CALLS
    forget_modules()


@pytest.fixture
def fresh_sign_ups(_database) -> None:
    """Forget how many signed up before."""
    if old := client().keys("sys:signup:*"):
        client().delete(*old)
