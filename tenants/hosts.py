"""Which host leads where: host names made equal, and a cache that never outlives a change.

Every process keeps what it looked up for `LIFETIME` seconds at most, and only as long as the
epoch in Valkey stays the same; whoever changes a tenant sets a new epoch after its commit.
With Valkey gone nothing is kept: every request asks the database.
"""

import logging
import re
import time
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import redis
from django.conf import settings
from django.db import connections, transaction
from tessera.context import TenantRef
from tessera.outbox.hints import client

from tenants.directory import modules_on
from tenants.models import Domain

EPOCH = "sys:tenants:epoch"
LIFETIME = 10.0
HOST = re.compile(r"[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?")
_log = logging.getLogger(__name__)
_known: dict[str, tuple[float, Any, "Place | None"]] = {}


@dataclass(frozen=True)
class Place:
    """The tenant behind a host."""

    tenant: TenantRef
    state: str
    modules: frozenset[str]


def host_of(header: str) -> str:
    """Return a Host header's name in lower case without port and trailing dot; "" when it is none."""
    name = header.strip().lower()
    if not name.startswith("["):
        name = name.partition(":")[0]
    name = name.removesuffix(".")
    return name if HOST.fullmatch(name) else ""


def base_host() -> str:
    """Return the host name of the accounts host, to which tenants are subdomains."""
    return host_of(settings.BASE_DOMAIN)


def is_accounts_host(host: str) -> bool:
    """Say whether people sign up and sign in on this host."""
    base = base_host()
    return host in (base, f"accounts.{base}", f"www.{base}")


def accounts_url(path: str = "/") -> str:
    """Return an address on the accounts host."""
    return f"{_scheme()}://{settings.BASE_DOMAIN}{path}"


def tenant_url(slug: str, path: str = "/") -> str:
    """Return an address on a tenant's host, with the scheme and port of the accounts host."""
    return f"{_scheme()}://{slug}.{settings.BASE_DOMAIN}{path}"


def _scheme() -> str:
    return "https" if settings.SESSION_COOKIE_SECURE else "http"


def place_of(host: str) -> Place | None:
    """Return the tenant that a host leads to, in whatever state; None for an unknown host."""
    if connections["shared"].in_atomic_block:
        return _look_up(host)  # what an open transaction sees is nobody else's business
    try:
        epoch = client().get(EPOCH)
    except redis.RedisError:
        _log.warning("Valkey did not answer: hosts are looked up in the database")
        return _look_up(host)
    found = _known.get(host)
    if found and found[1] == epoch and found[0] > time.monotonic():
        return found[2]
    place = _look_up(host)
    if len(_known) > 10_000:
        _known.clear()
    _known[host] = (time.monotonic() + LIFETIME, epoch, place)
    return place


def _look_up(host: str) -> Place | None:
    domain = Domain.objects.select_related("tenant").filter(domain=host).first()
    if domain is None:
        return None
    return Place(domain.tenant.ref(), domain.tenant.state, modules_on(domain.tenant))


def forget_hosts() -> None:
    """Make every process look up its hosts again once the public transaction is committed."""
    _known.clear()
    transaction.on_commit(_new_epoch, using="shared")


def _new_epoch() -> None:
    _known.clear()
    try:
        client().set(EPOCH, uuid4().hex)
    except redis.RedisError:
        _log.warning("Valkey did not answer: other processes notice the change within %s seconds", LIFETIME)
