"""Where a webhook may go: to public addresses of others, never to a machine of ours or beside us.

A name is resolved once, every address that it has must be public, and the connection goes to one of these addresses: what the
name means a moment later does not matter.
"""

import ipaddress
import socket
from dataclasses import dataclass
from urllib.parse import urlsplit

from django.conf import settings

LONGEST = 2000
# What `is_global` lets pass, in some Python or another, and leads somewhere else than it says.
NEVER = [
    ipaddress.ip_network(each)
    for each in (
        "100.64.0.0/10",  # carriers' own
        "192.0.0.0/24",
        "192.88.99.0/24",  # to 6to4 relays
        "198.18.0.0/15",
        "240.0.0.0/4",
        "64:ff9b::/96",  # addresses of version 4, translated
        "64:ff9b:1::/48",
        "100::/64",
        "2001::/23",  # Teredo and others
        "2001:db8::/32",
        "2002::/16",  # 6to4
        "3fff::/20",
        "5f00::/16",
        "fec0::/10",
    )
]
UNICAST = ipaddress.ip_network("2000::/3")


class Refusal(Exception):
    """Raised for an address that is not gone to; says why in a word for the log."""


@dataclass(frozen=True)
class Target:
    """Where a request goes: the name for the certificate and the Host header, and the addresses it was resolved to."""

    scheme: str
    host: str
    port: int
    path: str
    addresses: tuple[str, ...] = ()

    @property
    def authority(self) -> str:
        """Return what the Host header says."""
        name = f"[{self.host}]" if ":" in self.host else self.host
        return name if self.port == (443 if self.scheme == "https" else 80) else f"{name}:{self.port}"


def may_be_reached(address: str) -> bool:
    """Say whether an IP address is a public one of somebody else's."""
    found = ipaddress.ip_address(address.partition("%")[0])
    if any(found.version == each.version and found in each for each in NEVER):
        return False
    if found.version == 6 and found not in UNICAST:
        return False
    return found.is_global and not found.is_multicast and not found.is_reserved


def read_url(url: str) -> Target:
    """Return what a URL names, without asking anybody; raise Refusal for one that is not spelled as an address of a program."""
    if len(url) > LONGEST or not url.isascii() or not url.isprintable() or set(url) & set(' \\"<>^`{|}'):
        raise Refusal("the address is not spelled as one")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise Refusal("the address is not spelled as one") from None
    host = (parts.hostname or "").rstrip(".")
    if parts.username is not None or parts.password is not None or parts.fragment or not host:
        raise Refusal("the address names a user, a fragment or no host")
    loopback = settings.TESSERA_WEBHOOKS_TO_LOOPBACK and host in ("127.0.0.1", "::1", "localhost")
    if parts.scheme != "https" and not (parts.scheme == "http" and loopback):
        raise Refusal("the address is not https")
    if port == 0:
        raise Refusal("the address has no port")
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Target(parts.scheme, host, port or (443 if parts.scheme == "https" else 80), path)


def resolve(target: Target) -> Target:
    """Return a target with its addresses; raise Refusal where there is none, or one that may not be reached."""
    try:
        found = socket.getaddrinfo(target.host, target.port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise Refusal(f"the host is not found: {type(error).__name__}") from None
    addresses = tuple(dict.fromkeys(str(each[4][0]) for each in found))
    ours = settings.TESSERA_WEBHOOKS_TO_LOOPBACK and target.host in ("127.0.0.1", "::1", "localhost")
    if not addresses or not all(may_be_reached(each) or (ours and ipaddress.ip_address(each).is_loopback) for each in addresses):
        raise Refusal("the host is not a public one")
    return Target(target.scheme, target.host, target.port, target.path, addresses)


def check_url(url: str) -> None:
    """Refuse a URL that no webhook may have, as far as one sees without asking anybody."""
    target = read_url(url)
    try:
        literal = ipaddress.ip_address(target.host)
    except ValueError:
        return
    ours = settings.TESSERA_WEBHOOKS_TO_LOOPBACK and literal.is_loopback
    if not (may_be_reached(target.host) or ours):
        raise Refusal("the host is not a public one")
