"""Where the accounts host and the tenants' hosts are, for links in pages and letters."""

from urllib.parse import urlencode

from django.conf import settings

from tessera.context import TenantRef


def _scheme() -> str:
    return "https" if settings.SESSION_COOKIE_SECURE else "http"


def accounts_url(path: str) -> str:
    """Return an absolute address on the accounts host."""
    return f"{_scheme()}://{settings.BASE_DOMAIN}{path}"


def tenant_url(tenant: TenantRef, path: str = "/", **query: str) -> str:
    """Return an absolute address on a tenant's host."""
    asked = f"?{urlencode(query)}" if query else ""
    return f"{_scheme()}://{tenant.slug}.{settings.BASE_DOMAIN}{path}{asked}"


def local_path(wanted: str) -> str:
    """Return a path of this host that is safe to go to after signing in, "/" for anything else."""
    plain = wanted.startswith("/") and not wanted.startswith(("//", "/\\")) and "\\" not in wanted
    return wanted if plain and wanted.isprintable() else "/"
