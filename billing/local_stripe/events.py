"""Events: what changed, as it looked right then; and which of them still have to be delivered."""

from collections.abc import Iterator
from contextlib import contextmanager
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

from billing.local_stripe import forms
from billing.local_stripe.clock import DAY
from billing.local_stripe.rendering import shown
from billing.local_stripe.routing import page, route
from billing.local_stripe.store import Row

if TYPE_CHECKING:
    from billing.local_stripe.local import Local

API_VERSION = "2026-10-28.endive"
KEPT = 30 * DAY  # Stripe forgets events after thirty days, and so what was not fetched by then is lost


def emit(local: "Local", kind: str, row: Row, *, previous: Row | None = None, also: Row | None = None) -> None:
    """Say that something happened to a row; `also` are fields that the shown object has in this event only."""
    if local.muted:
        return
    data: Row = {"object": {**shown(local, row), **(also or {})}}
    if previous is not None:
        data["previous_attributes"] = previous
    request = local.request
    at = local.now(row)
    event = local.store.add(
        {
            "object": "event",
            "api_version": local.faults.api_version or API_VERSION,
            "created": at,
            "data": data,
            "livemode": False,
            "pending_webhooks": 0,
            "request": {"id": request.id, "idempotency_key": request.idempotency_key}
            if request
            else {"id": None, "idempotency_key": None},
            "type": kind,
            "_failed": False,
        }
    )
    if account := row["id"] if row["object"] == "account" else row.get("_account"):
        event["account"] = account
    event["pending_webhooks"] = local.delivery.announce(event)
    _forget(local, at)
    if kind.startswith("customer.subscription."):
        from billing.local_stripe.entitlements import announce

        announce(local, row["customer"])


def _forget(local: "Local", at: int) -> None:
    events = local.store.kinds["event"]
    while (oldest := next(iter(events.values())))["created"] < at - KEPT:
        del events[oldest["id"]]


@contextmanager
def changing(local: "Local", kind: str, row: Row) -> Iterator[None]:
    """Say that a row was changed, if what is shown of it was, and what it was before."""
    before = shown(local, row)
    yield
    after = shown(local, row)
    if previous := _differences(before, after):
        emit(local, kind, row, previous=previous)


def _differences(before: Row, after: Row) -> Row:
    """Return the former values of what differs; of a mapping only the keys that do."""
    former: Row = {}
    for key in before.keys() | after.keys():
        old, new = before.get(key), after.get(key)
        if old == new:
            continue
        inner: Any = old
        if isinstance(old, dict) and isinstance(new, dict) and old.get("object") != "list":
            inner = _differences(old, new)
        former[key] = inner
    return former


@route("GET", "/v1/events")
def list_events(local: "Local", form: forms.Form) -> Row:
    shape = {"type": forms.text, "types": forms.listed(forms.text), "delivery_success": forms.boolean}

    def match(row: Row, asked: forms.Form) -> bool:
        kinds = asked.get("types") or ([asked["type"]] if asked.get("type") else ["*"])
        delivered = asked.get("delivery_success")
        failed = row["_failed"] or row["pending_webhooks"] > 0
        return any(fnmatchcase(row["type"], kind) for kind in kinds) and (delivered is None or delivered != failed)

    return page(local, local.store.of("event"), form, "/v1/events", shape, match=match)


@route("GET", "/v1/events/{}")
def retrieve_event(local: "Local", form: forms.Form, key: str) -> Row:
    forms.read(form, {})
    return local.store.get("event", key)
