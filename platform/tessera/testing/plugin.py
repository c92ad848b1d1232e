"""The pytest plugin of Tessera: real PostgreSQL and Valkey, cloned databases, tenants and people.

Without DATABASE_URL it starts the embedded servers of the checkout. One template database is
made per state of the models and migrations; each xdist worker clones it. Both aliases point to
the clone before any connection is opened.

pytest finds the plugin wherever Tessera is installed (entry point `pytest11`), so a module's plain
`pytest` works; another project in the same environment leaves it out by `-p no:tessera.testing.plugin`.

Fixtures:

- `tenant`: a tenant in which every installed module is on; `other_tenant`: another one just like it.
  Both exist in the template, so a test that uses them costs nothing and is rolled back.
- `inside`: the context of `tenant`, entered as the system actor; `as_member(*permissions)` enters
  it as a member with just those rights, which may be patterns as in a role of a manifest.
- `drain(tenant)`: tell every waiting fact to its handlers, here and now, until nothing is due
  (`tessera.testing.events`; `tell_again` there tells them twice).
- `make_tenant(modules)`: a further tenant with a schema of its own (slow: real DDL).
- `count`, and the mark `safety(seeds=(3, 50))`: few attempts in `make test`, many in `make safety` (`tessera.testing.safety`).
- What a fixture makes once for a file (`scope="module"`) one process makes (`tessera.testing.together`).
- `committed`: mark a test `@pytest.mark.committed` to run it with real commits (kill tests, races,
  the relay); its tenants are made anew afterwards.
"""

import gc
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[3]
pytest_plugins = ["tessera.testing.safety", "tessera.testing.together"]


def _servers() -> None:
    """Start the embedded servers unless the environment names others; set what the settings read."""
    os.environ.setdefault("SECRET_KEY", "only-for-tests")
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tessera.settings.test")
    if "DATABASE_URL" not in os.environ:
        from tessera.embedded.postgres import Postgres

        os.environ["DATABASE_URL"] = Postgres(ROOT / ".data" / "test", profile="test").start().url()
    if "REDIS_URL" not in os.environ:
        from tessera.embedded.valkey import Valkey

        os.environ["REDIS_URL"] = Valkey(ROOT / ".data" / "test", profile="test").start().url()
    if worker := os.environ.get("PYTEST_XDIST_WORKER"):  # workers must not take each other's hints
        server, _, number = os.environ["REDIS_URL"].rpartition("/")
        os.environ["REDIS_URL"] = f"{server}/{(int(number) + 1 + int(worker.removeprefix('gw'))) % 16}"


@pytest.hookimpl(tryfirst=True)
def pytest_load_initial_conftests() -> None:
    _servers()


def pytest_collection_finish() -> None:
    """Let no collection of garbage look at what stays for the whole run: the product, and thousands of tests."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20)


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "committed: run with real commits instead of a rolled back transaction")
    if find_spec("hypothesis"):
        from hypothesis import HealthCheck, settings

        # How long an example takes says something of the machine, not of the property.
        settings.register_profile("tessera", deadline=None, suppress_health_check=[HealthCheck.too_slow])
        settings.load_profile("tessera")


@pytest.fixture(scope="session")
def _clone(django_db_blocker: Any) -> Iterator[None]:
    """Clone the template for this worker and point both aliases at the clone."""
    from tessera.testing import databases

    with django_db_blocker.unblock():
        template = databases.ensure_template()
        name = databases.clone(template, os.environ.get("PYTEST_XDIST_WORKER", "master"))
        databases.point_at(name)
        yield
        databases.drop(name)


@pytest.fixture
def _database(request: pytest.FixtureRequest, _clone: None, django_db_blocker: Any) -> Iterator[None]:
    from tessera.testing import databases

    with django_db_blocker.unblock():
        if request.node.get_closest_marker("committed"):
            yield
            databases.renew()
        else:
            with databases.rolled_back():
                yield


@pytest.fixture
def tenant(_database: None) -> Any:
    """Return tenant A, with every installed module on."""
    from tenants.models import Tenant

    return Tenant.objects.get(slug="a")


@pytest.fixture
def other_tenant(_database: None) -> Any:
    """Return tenant B, set up exactly like A."""
    from tenants.models import Tenant

    return Tenant.objects.get(slug="b")


@pytest.fixture
def inside(tenant: Any) -> Iterator[Any]:
    """Enter tenant A as the system, with all its modules."""
    from tessera.context import system

    with entered(tenant, actor=system("test")) as context:
        yield context


@contextmanager
def entered(tenant: Any, *, actor: Any, modules: frozenset[str] | None = None) -> Iterator[Any]:
    """Enter a tenant as `actor`; `modules` defaults to what is on in it."""
    from tenants.directory import modules_on
    from tessera.context import enter

    with enter(tenant.ref(), actor=actor, modules=modules_on(tenant) if modules is None else modules) as context:
        yield context


@pytest.fixture
def as_member(tenant: Any) -> Iterator[Callable[..., Any]]:
    """Return a function that enters tenant A as a member with just the given rights."""
    from tessera.context import EVERYTHING, Actor, Reach
    from tessera.fields import new_id
    from tessera.permissions import expand

    with ExitStack() as stack:

        def enter_as(*permissions: str, reach: Reach = EVERYTHING, member_id: Any = None, name: str = "bob") -> Any:
            exact = {code for code in permissions if "*" not in code}
            actor = Actor(
                kind="member",
                member_id=member_id or new_id(),
                account_id=new_id(),
                name=name,
                grants=dict.fromkeys(sorted(exact | expand(tuple(set(permissions) - exact))), reach),
            )
            return stack.enter_context(entered(tenant, actor=actor))

        yield enter_as


@pytest.fixture
def drain(_database: None) -> Callable[..., int]:
    """Return the function that runs all due deliveries of a tenant; see `tessera.testing.events`."""
    from tessera.testing import events

    return events.drain


@pytest.fixture
def make_tenant(request: pytest.FixtureRequest, _database: None) -> Callable[..., Any]:
    """Return a function that makes a tenant with a schema of its own; needs the `committed` mark."""
    from tessera.testing import databases

    if not request.node.get_closest_marker("committed"):
        pytest.fail("make_tenant runs DDL: mark the test `committed`", pytrace=False)
    return databases.make_tenant


sys.path[:] = [path for path in sys.path if Path(path or ".").resolve() != ROOT / "platform" / "tessera"]
