"""Documents that are named instead of sent: those that apps were built with, and those sent before.

Apps of ours are built with a manifest, `{"sha256:<digest>": "<document>"}`, kept in `documents/`. Where
`TESSERA_TRUSTED_ONLY` is set an app of ours may send nothing else, nor may a session, but for those with the right to explore the
schema; another access token may. A document that was sent once with its digest is found by the digest alone afterwards (automatic
persisted queries), for as long as the cache keeps it.
"""

import hashlib
from functools import cache
from pathlib import Path
from typing import Any

import orjson
from django.conf import settings
from tessera import tenant_cache
from tessera.context import Actor
from tessera.errors import ApiError, Code
from tessera.graph.answers import EXPLORE
from tessera.graph.limits import LIMITS

MANIFESTS = Path(__file__).parent / "documents"
KEPT_SECONDS = 30 * 24 * 3600
PREFIX = "sha256:"


@cache
def trusted() -> dict[str, str]:
    """Return the documents of all manifests by `sha256:<digest>`; raise ValueError for one under a wrong digest."""
    found: dict[str, str] = {}
    for manifest in sorted(MANIFESTS.glob("*.json")):
        for name, text in orjson.loads(manifest.read_bytes()).items():
            if name != PREFIX + digest(text):
                raise ValueError(f"{manifest.name}: {name} is not the digest of its document")
            found[name] = text
    return found


def digest(text: str) -> str:
    """Return the hexadecimal SHA-256 of a document."""
    return hashlib.sha256(text.encode()).hexdigest()


def document_of(asked: dict[str, Any], actor: Actor | None) -> str:
    """Return the document of a request's parameters; only for members documents are kept (`actor` is None on the accounts host).

    Raises ApiError BAD_INPUT, NOT_FOUND for a name that stands for no document, FORBIDDEN for a document that is not trusted.
    """
    if name := asked.get("documentId"):
        if name not in trusted():
            raise ApiError(Code.NOT_FOUND, "There is no document with this id.", field=["documentId"])
        return trusted()[name]
    member = actor is not None and actor.member_id is not None
    if settings.TESSERA_TRUSTED_ONLY and actor and member and _sends_named(actor):
        raise ApiError(Code.FORBIDDEN, "Apps send the documents that they were built with, by documentId.", field=["documentId"])
    persisted = (asked.get("extensions") or {}).get("persistedQuery")
    if persisted is not None and member:
        return _persisted(persisted, asked.get("query"))
    if not asked.get("query"):
        raise ApiError(Code.BAD_INPUT, "There is no query.", field=["query"])
    return asked["query"]


def _sends_named(actor: Actor) -> bool:
    """Say whether somebody sends named documents: an app of ours, and a session unless it is a developer's, who tries some out."""
    return actor.is_ours or (not actor.token_id and not actor.may(EXPLORE))


def _persisted(named: Any, text: str | None) -> str:
    wanted = named.get("sha256Hash") if isinstance(named, dict) else None
    if not isinstance(wanted, str):
        raise ApiError(Code.BAD_INPUT, "persistedQuery has a sha256Hash.", field=["extensions", "persistedQuery", "sha256Hash"])
    if not text:
        if found := tenant_cache.fetch(f"document:{wanted}"):
            return found
        raise ApiError(Code.NOT_FOUND, "PersistedQueryNotFound")  # the message that Apollo's clients know
    if digest(text) != wanted.lower():
        raise ApiError(Code.BAD_INPUT, "sha256Hash is of another document.", field=["extensions", "persistedQuery", "sha256Hash"])
    if len(text) <= LIMITS.characters:
        tenant_cache.keep(f"document:{wanted}", text, seconds=KEPT_SECONDS)
    return text
