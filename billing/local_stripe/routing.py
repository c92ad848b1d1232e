"""Which function answers which call, and how lists are paged."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from billing.local_stripe import forms
from billing.local_stripe.errors import StripeError
from billing.local_stripe.rendering import shown
from billing.local_stripe.store import Row

if TYPE_CHECKING:
    from billing.local_stripe.local import Local

Answer = Callable[..., Any]


@dataclass
class Request:
    """One call of the API, as far as answers and events depend on it."""

    id: str
    method: str
    path: str
    form: forms.Form
    idempotency_key: str | None = None
    account: str | None = None
    version: str | None = None
    origin: str = ""


@dataclass(frozen=True)
class Page:
    """A page for a browser instead of an object."""

    body: str | bytes
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    content_type: str = "text/html; charset=utf-8"


ROUTES: list[tuple[str, re.Pattern[str], Answer]] = []


def route(method: str, path: str) -> Callable[[Answer], Answer]:
    """Register the answer of a call; each `{}` in the path is a key, given after the form."""

    def register(answer: Answer) -> Answer:
        pattern = "([^/]+)".join(re.escape(part) for part in path.split("{}"))
        ROUTES.append((method, re.compile(pattern), answer))
        return answer

    return register


def find(request: Request) -> tuple[Answer, tuple[str, ...]]:
    """Return what answers a request, and the keys in its path."""
    found = [
        (match.groups(), answer)
        for method, pattern, answer in ROUTES
        if method == request.method and (match := pattern.fullmatch(request.path))
    ]
    if found:
        keys, answer = min(found, key=lambda each: len(each[0]))  # a path spelled out goes before one with a key in its place
        return answer, keys
    raise StripeError(f"Unrecognized request URL ({request.method}: {request.path}).", status=404)


PAGING: forms.Shape = {"limit": forms.integer, "starting_after": forms.text, "ending_before": forms.text}
BETWEEN: forms.Shape = {"created": forms.nested(dict.fromkeys(("gt", "gte", "lt", "lte"), forms.integer))}


def page(
    local: "Local",
    rows: Iterable[Row],
    form: forms.Form,
    url: str,
    shape: forms.Shape = {},  # noqa: B006
    *,
    match: Callable[[Row, forms.Form], bool] | None = None,
    required: Iterable[str] = (),
    newest_first: bool = True,
) -> Row:
    """Answer a list: `shape` are its filters, equal to fields of the row unless `match` decides; the newest first."""
    asked = forms.read(form, {**PAGING, **BETWEEN, **shape}, required=required)
    limit = asked.pop("limit", None) or 10
    if not 1 <= limit <= 100:
        raise StripeError("limit: must be between 1 and 100", param="limit")
    after, before = asked.pop("starting_after", None), asked.pop("ending_before", None)
    if after and before:
        raise StripeError("Give starting_after or ending_before, not both", param="starting_after")
    created = asked.pop("created", None) or {}
    found = [row for row in rows if _between(row, created) and (match or _equal)(row, asked)]
    if newest_first:
        found.reverse()
    keys = [row["id"] for row in found]
    if cursor := after or before:
        if cursor not in keys:
            param = "starting_after" if after else "ending_before"
            raise StripeError(f"No such object: '{cursor}'", code="resource_missing", param=param)
        place = keys.index(cursor)
        found = found[place + 1 :] if after else found[:place]
    part = found[-limit:] if before else found[:limit]
    return {"object": "list", "data": [shown(local, row) for row in part], "has_more": len(part) < len(found), "url": url}


def _between(row: Row, created: forms.Form) -> bool:
    at = row.get("created", 0)
    tests = {"gt": lambda x: at > x, "gte": lambda x: at >= x, "lt": lambda x: at < x, "lte": lambda x: at <= x}
    return all(tests[name](value) for name, value in created.items())


def _equal(row: Row, asked: forms.Form) -> bool:
    return all(row.get(name) == value for name, value in asked.items() if value is not None)
