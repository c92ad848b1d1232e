"""Who acts, in which tenant, with which modules: carried explicitly, never guessed.

`current()` fails where nothing was entered, so code that runs outside a tenant (a thread,
a task without a header, a shell) stops instead of touching somebody's data.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from importlib import import_module
from typing import Any, Protocol
from uuid import UUID
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import connections
from uuid6 import uuid7


class NoContext(RuntimeError):
    """Raised where tenant code runs outside `enter`."""


@dataclass(frozen=True)
class TenantRef:
    """What the kernel knows of a tenant; `schema` is opaque and permanent."""

    id: UUID
    schema: str
    name: str = ""
    slug: str = ""
    time_zone: str = "UTC"
    language: str = "en"
    tier: str = ""  # how much it may ask for, a name of TESSERA_BUDGET_TIERS
    is_read_only: bool = False  # people and apps write nothing (see `tessera.read_only`)

    @property
    def schema_name(self) -> str:
        """Return the schema under the name that django-tenants asks for."""
        return self.schema

    @property
    def zone(self) -> ZoneInfo:
        """Return the zone in which the tenant's business dates are reckoned."""
        return ZoneInfo(self.time_zone)

    @property
    def today(self) -> date:
        """Return the day of now where the tenant is."""
        return datetime.now(tz=self.zone).date()


@dataclass(frozen=True)
class Reach:
    """How far a right reaches: `everything`, or own rows, units and companies by id."""

    everything: bool = False
    own: bool = False
    units: frozenset[UUID] = frozenset()
    companies: frozenset[UUID] = frozenset()


EVERYTHING = Reach(everything=True)


@dataclass(frozen=True)
class Actor:
    """Who acts: a member with its rights, the system for a stated reason, or nobody."""

    kind: str  # "member", "system" or "anonymous"
    member_id: UUID | None = None
    account_id: UUID | None = None
    name: str = ""
    grants: Mapping[str, Reach] = field(default_factory=dict)
    token_id: UUID | None = None  # the access token that this actor came with
    scopes: tuple[str, ...] = ("*",)  # what that token is limited to
    app: str = ""  # the client id of the app that the token was given to
    is_ours: bool = False  # whether that app is the platform's own, which sends only the documents that it was built with

    @property
    def is_system(self) -> bool:
        return self.kind == "system"

    def may(self, permission: str) -> bool:
        """Say whether this actor holds `permission` at all."""
        return self.is_system or permission in self.grants

    def reach(self, permission: str) -> Reach | None:
        """Return how far `permission` reaches, or None when it is not held."""
        return EVERYTHING if self.is_system else self.grants.get(permission)


ANONYMOUS = Actor(kind="anonymous")


@dataclass(frozen=True)
class Context:
    """Everything a piece of tenant code may depend on besides its arguments."""

    tenant: TenantRef
    modules: frozenset[str]
    actor: Actor
    request_id: UUID

    def has(self, module: str) -> bool:
        """Say whether a module is on."""
        return module in self.modules

    def texts(self, find: Callable[["Context"], list[str]]) -> list[str]:
        """Return what `find` makes of this context, as a value of a condition; a statement that is kept finds it anew each time."""
        return find(self)


_current: ContextVar[Context | None] = ContextVar("tessera_context", default=None)


def current() -> Context:
    """Return the context in force; raise NoContext where there is none."""
    found = _current.get()
    if found is None:
        raise NoContext("no tenant was entered; use tessera.context.enter")
    return found


def current_or_none() -> Context | None:
    """Return the context in force, or None outside a tenant."""
    return _current.get()


@contextmanager
def enter(tenant: TenantRef, *, actor: Actor, modules: frozenset[str], request_id: UUID | None = None) -> Iterator[Context]:
    """Work inside `tenant` as `actor`: the schema, the module set and the actor in one step."""
    from tessera.unit_of_work import in_unit

    context = Context(tenant, modules, actor, request_id or uuid7())
    connection = connections["default"]
    before = connection.tenant
    running = _current.get()
    if running is not None and running.tenant.schema != tenant.schema and in_unit():
        raise NoContext("one unit of work belongs to one tenant: leave the other one first")
    token = _current.set(context)
    # allow raw-tenant: this is where tenants are entered
    connection.set_tenant(tenant, include_public=False)
    try:
        yield context
    finally:
        # allow raw-tenant: this is where tenants are left
        connection.set_tenant(before, include_public=False)
        _current.reset(token)


@contextmanager
def acting(actor: Actor) -> Iterator[Context]:
    """Act as `actor` in the tenant that is entered already."""
    token = _current.set(replace(current(), actor=actor))
    try:
        yield current()
    finally:
        _current.reset(token)


@contextmanager
def instead(context: Any) -> Iterator[None]:
    """Let `current()` be what stands for the context in force, tenant and connection staying as they are."""
    token = _current.set(context)
    try:
        yield
    finally:
        _current.reset(token)


def system(reason: str) -> Actor:
    """Return the actor of work that no person asked for; `reason` is shown in the audit."""
    return Actor(kind="system", name=reason)


class Directory(Protocol):
    """How the kernel finds tenants that it does not own (`tenants.directory` answers)."""

    def find(self, tenant_id: UUID) -> tuple[TenantRef, frozenset[str]]:
        """Return a tenant that may work, with its modules; raise LookupError otherwise."""

    def active(self) -> Iterator[tuple[TenantRef, frozenset[str]]]:
        """Yield every tenant that may work, with its modules."""

    def load_scripts(self, digests: list[str]) -> dict[str, Any]:
        """Return recorded migrations by digest, those that exist (see `tessera.db.scripts`)."""

    def save_scripts(self, scripts: dict[str, Any]) -> None:
        """Keep recorded migrations for other processes."""


def directory() -> Directory:
    """Return the tenant directory that the settings name."""
    return import_module(settings.TESSERA_TENANT_DIRECTORY)
