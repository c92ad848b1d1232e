"""Which host leads where: host names made equal, and the tenants behind them."""

import re
from dataclasses import dataclass
from functools import lru_cache

from django.conf import settings
from tessera.context import TenantRef

from tenants.directory import modules_on
from tenants.epoch import remember
from tenants.models import Domain

HOST = re.compile(r"[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?")


@dataclass(frozen=True)
class Place:
    """The tenant behind a host."""

    tenant: TenantRef
    state: str
    modules: frozenset[str]


@lru_cache(maxsize=1_000)
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
    return remember(host, lambda: _look_up(host))


def _look_up(host: str) -> Place | None:
    domain = Domain.objects.select_related("tenant").filter(domain=host).first()
    if domain is None:
        return None
    return Place(domain.tenant.ref(), domain.tenant.state, modules_on(domain.tenant))
