"""Where benchmarks play: tenants of their own that are gone afterwards, and connections that go past the product."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import cached_property
from typing import Any, TypeVar

import psycopg
from django.db import connections

from tenants.directory import modules_on
from tenants.models import Tenant
from tenants.provisioning import create_tenant
from tessera.access.models import Member
from tessera.access.selectors import actor_of
from tessera.access.services import create_owner, issue_token
from tessera.accounts.models import Account
from tessera.context import acting, enter, system
from tessera.db.guard.base import EXTENSIONS
from tessera.db.roles import as_owner
from tessera.fields import new_id
from tessera.unit_of_work import unit_of_work

MARK = "bench-"  # slugs of our tenants begin so
FLOOR_SCHEMAS = "bench_floor_"
Found = TypeVar("Found")


class Stage:
    """The tenants of one run; `tell` prints a line about how it goes."""

    def __init__(self, tell: Callable[[str], None]) -> None:
        self.tell = tell
        self._found: dict[Any, Any] = {}

    def once(self, measure: Callable[["Stage"], Found]) -> Found:
        """Return what several benchmarks measure together, measured by whoever asks first."""
        if measure not in self._found:
            self._found[measure] = measure(self)
        return self._found[measure]

    @cached_property
    def shop(self) -> Any:
        """Return the company that sells and keeps books, made by whoever asks first."""
        from tessera.bench.shop import Shop

        return Shop(self)

    def tenant(self, modules: Iterable[str] = (), *, tier: str = "bench") -> Tenant:
        """Make a tenant with these modules on; in its own tier its points do not run out."""
        slug = f"{MARK}{new_id().hex[-12:]}"
        tenant = create_tenant(company="Bench", slug=slug, modules=modules)
        tenant.tier = tier
        tenant.save(update_fields=["tier"])
        return tenant

    @contextmanager
    def counting(self) -> Iterator[list[str]]:
        """Note the statements that this process sends."""
        sent: list[str] = []

        def note(execute: Any, sql: str, *rest: Any) -> Any:
            sent.append(sql)
            return execute(sql, *rest)

        with connections["default"].execute_wrapper(note), connections["shared"].execute_wrapper(note):
            yield sent

    def statements(self, work: Callable[[], Any]) -> int:
        """Return how many statements a call sends, without BEGIN and COMMIT."""
        with self.counting() as sent:
            work()
        return len(sent)

    def sweep(self) -> None:
        """Drop every tenant of this run, and of runs that were killed."""
        from tessera.bench.buying import forget_customers

        forget_customers(MARK)
        for tenant in Tenant.objects.filter(slug__startswith=MARK):
            drop_schema(tenant.schema_name)
        with connections["shared"].cursor() as cursor:
            cursor.execute("SELECT nspname FROM pg_namespace WHERE starts_with(nspname, %s)", [FLOOR_SCHEMAS])
            floors = [name for (name,) in cursor.fetchall()]
        for name in floors:
            drop_schema(name)
        Tenant.objects.filter(slug__startswith=MARK).delete()
        Account.objects.filter(email__startswith=f"ada@{MARK}").delete()


def drop_schema(name: str) -> None:
    """Drop a schema that the owner role made."""
    with as_owner("shared"), connections["shared"].cursor() as cursor:
        cursor.execute(f'DROP SCHEMA IF EXISTS "{name}" CASCADE')


@contextmanager
def inside(tenant: Tenant, member: Member | None = None) -> Iterator[Any]:
    """Enter a tenant as one of its members, or as the system."""
    with enter(tenant.ref(), actor=system("bench"), modules=modules_on(tenant)) as context:
        if member is None:
            yield context
        else:
            with acting(actor_of(member)):
                yield context


def owner_of(tenant: Tenant) -> Member:
    """Give a tenant its owner."""
    account = Account(email=f"ada@{tenant.slug}.example", name="Ada")
    account.save()
    with inside(tenant), unit_of_work():
        return create_owner(account_id=account.pk, email=account.email, name=account.name)


def token_of(tenant: Tenant, member: Member) -> str:
    """Return a bearer token with all rights of a member."""
    with inside(tenant, member):
        return issue_token(name="bench", scopes=["*"]).secret


def raw(schema: str) -> psycopg.Connection:
    """Return a connection past Django, in a schema: each statement is its own durable transaction, and prepared at once."""
    known = connections["shared"].settings_dict
    names = {"host": "HOST", "port": "PORT", "user": "USER", "password": "PASSWORD", "dbname": "NAME"}
    where = {name: known[setting] for name, setting in names.items() if known[setting]}
    return psycopg.connect(**where, autocommit=True, prepare_threshold=0, options=f"-c search_path={schema},{EXTENSIONS}")
