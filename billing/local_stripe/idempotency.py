"""Idempotency keys: the same key with the same parameters has the same answer, with others it is an error."""

import hashlib
import json
from typing import TYPE_CHECKING, Any

from billing.local_stripe.clock import DAY
from billing.local_stripe.errors import StripeError
from billing.local_stripe.routing import Request

if TYPE_CHECKING:
    from billing.local_stripe.local import Local


def _print(request: Request) -> str:
    told = json.dumps([request.method, request.path, request.form], sort_keys=True)
    return hashlib.sha256(told.encode()).hexdigest()


def replayed(local: "Local", request: Request) -> tuple[int, Any] | None:
    """Return the first answer to a key (status, body), or None where it is new."""
    kept = local.store.kinds.get("_idempotency", {}).get(_name(request))
    if kept is None or local.clock.now() - kept["created"] > DAY:
        return None
    if kept["print"] != _print(request):
        raise StripeError(
            f"Keys for idempotent requests can only be used with the same parameters they were first used with. "
            f"Try using a key other than '{request.idempotency_key}' if you meant to execute a different request.",
            kind="idempotency_error",
        )
    return kept["status"], kept["body"]


def remember(local: "Local", request: Request, status: int, body: Any) -> None:
    """Keep an answer under its key; a request that was refused before it did anything may come again."""
    if request.idempotency_key and request.method == "POST" and status in (200, 402):
        keys = local.store.kinds.setdefault("_idempotency", {})
        keys[_name(request)] = {
            "id": _name(request),
            "object": "_idempotency",
            "created": local.clock.now(),
            "print": _print(request),
            "status": status,
            "body": body,
        }


def _name(request: Request) -> str:
    return f"{request.account or ''} {request.idempotency_key}"
