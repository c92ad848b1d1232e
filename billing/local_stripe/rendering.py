"""Rows as the API shows them: private fields hidden, embedded lists filled, references expanded where asked."""

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from billing.local_stripe.errors import StripeError
from billing.local_stripe.store import Row, copied

if TYPE_CHECKING:
    from billing.local_stripe.local import Local

EMBEDDED = 10  # an embedded list shows this many; the rest is asked for page by page
VIEWS: dict[str, Callable[["Local", Row, Row], None]] = {}
INCLUDED: dict[tuple[str, str], Callable[["Local", Row], Any]] = {}


def view_of(kind: str) -> Callable[[Callable[["Local", Row, Row], None]], Callable[["Local", Row, Row], None]]:
    """Register what completes the shown row of a kind: it is given the stored row and the one to be shown."""

    def register(view: Callable[["Local", Row, Row], None]) -> Callable[["Local", Row, Row], None]:
        VIEWS[kind] = view
        return view

    return register


def included(kind: str, field: str) -> Callable[[Callable[["Local", Row], Any]], Callable[["Local", Row], Any]]:
    """Register a field that a kind shows only where `expand` asks for it."""

    def register(value: Callable[["Local", Row], Any]) -> Callable[["Local", Row], Any]:
        INCLUDED[kind, field] = value
        return value

    return register


def shown(local: "Local", row: Row) -> Row:
    """Return a row as the API shows it."""
    public = {key: copied(value) for key, value in row.items() if not key.startswith("_")}
    if complete := VIEWS.get(row["object"]):
        complete(local, row, public)
    return public


def embedded(local: "Local", rows: Iterable[Row], url: str) -> Row:
    """Return a list inside an object: the first few, and whether there are more."""
    every = list(rows)
    return {
        "object": "list",
        "data": [shown(local, row) for row in every[:EMBEDDED]],
        "has_more": len(every) > EMBEDDED,
        "url": url,
    }


def expand(local: "Local", value: Any, path: list[str], whole: str) -> Any:
    """Replace the references on a path by what they name; return the changed value."""
    if isinstance(value, list):
        return [expand(local, each, path, whole) for each in value]
    if isinstance(value, str):
        row = local.store.find(value)
        return expand(local, shown(local, row), path, whole) if row else value
    if value is None or not path:
        return value
    head, rest = path[0], path[1:]
    if include := INCLUDED.get((value.get("object", ""), head)):
        row = local.store.find(value["id"])
        value[head] = expand(local, include(local, row), rest, whole) if row else None
    elif head not in value:
        raise StripeError(f"This property cannot be expanded ({whole}).", param="expand")
    else:
        value[head] = expand(local, value[head], rest, whole)
    return value
