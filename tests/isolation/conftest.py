"""The two worlds of the sweep: each is made once for the tests of a file, and undone after them."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from unittest.mock import patch

import pytest
from django.test import override_settings
from tessera.testing import databases

from billing.gateway import client as gateway
from tenants.models import Installation, Tenant

SINCE = datetime(2026, 1, 5, tzinfo=UTC)
NOBODY = "http://127.0.0.1:1"
ENDLESS = dict.fromkeys(("tenant", "person", "token", "app", "stranger"), (10**9, 10**9))


@contextmanager
def made_once(files, blocker):
    """Give the tenants A and B for the tests of a file, in one transaction that is undone; the Stripe to ask never answers."""
    given = override_settings(MEDIA_ROOT=files, TESSERA_BUDGETS=ENDLESS, STRIPE_API_BASE=NOBODY)
    with blocker.unblock(), databases.rolled_back(), given, patch.object(gateway, "RETRIES", 0):
        Installation.objects.update(since=SINCE)  # when each was made says nothing of what is in it
        yield Tenant.objects.get(slug="a"), Tenant.objects.get(slug="b")


# The parts of a sweep with the most documents: `make test` asks one of so many, `make safety` all of them.
ONE_IN = {"narrowed": 5, "changes": 3, "keys": 2, "grouped": 2}


def one_in(part: str, count) -> int:
    """Return which documents of a part are asked: one of so many."""
    return count("one_in", ONE_IN.get(part, 1), 1)


SUMS = {"reconciliation": "who holds the right to reconcile sees what all stock is worth, though not what a single move is"}


@contextmanager
def world_of(kind, files, blocker):
    """Make one of the worlds."""
    from tessera.testing.sweep.colleagues import Colleagues
    from tessera.testing.sweep.companies import Companies

    with made_once(files, blocker) as tenants:
        yield Companies(*tenants) if kind == "companies" else Colleagues(*tenants, left_out=SUMS)


@pytest.fixture(scope="module")
def companies(_clone, django_db_blocker, tmp_path_factory) -> Iterator:
    """Return the world in which tenant A is asked about tenant B."""
    with world_of("companies", tmp_path_factory.mktemp("files"), django_db_blocker) as made:
        yield made


@pytest.fixture(scope="module")
def colleagues(_clone, django_db_blocker, tmp_path_factory) -> Iterator:
    """Return the world in which a member is asked about what only others may see."""
    with world_of("colleagues", tmp_path_factory.mktemp("files"), django_db_blocker) as made:
        yield made
