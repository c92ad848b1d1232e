"""Facts: told to hooks at once, in the same transaction, and to handlers after the commit.

    @event("stock.delivery_done")
    class DeliveryDone:
        "A delivery left the warehouse."
        subject: UUID
        ...

    publish(DeliveryDone(subject=delivery.id), moves=moves)

`@during(name)` subscribes a hook: it runs inside the publisher's transaction, gets the fact and
the live objects given to `publish`, and may refuse by raising. `@on(name)` subscribes a handler:
it is told at least once, in order per subject, by the relay, in its own transaction. Both only
run in tenants where their module is on. Names are strings, so that a module can listen to one
that is not installed.
"""

from collections import defaultdict
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, TypeVar, dataclass_transform
from uuid import UUID

from tessera.context import current
from tessera.module import module_of, modules
from tessera.unit_of_work import current_unit

Function = TypeVar("Function", bound=Callable[..., Any])

EVENTS: dict[str, type] = {}
HANDLERS: dict[str, list[Callable[["Event"], None]]] = defaultdict(list)
HOOKS: dict[str, list[Callable[..., None]]] = defaultdict(list)


@dataclass(frozen=True)
class Event:
    """A fact as a handler gets it: plain values, UUIDs and decimals as strings in `data`."""

    id: UUID
    name: str
    version: int
    subject: UUID
    seq: int
    data: dict[str, Any]
    recorded_at: datetime


@dataclass_transform(frozen_default=True, kw_only_default=True)
def event(name: str, *, version: int = 1) -> Callable[[type], type]:
    """Declare a fact: a frozen dataclass of plain values with a `subject`, under a public name."""

    def declare(cls: type) -> type:
        made: Any = dataclass(frozen=True, kw_only=True)(cls)
        if name in EVENTS:
            raise ValueError(f"the event {name} is declared twice")
        if "subject" not in made.__dataclass_fields__:
            raise TypeError(f"the event {name} has no subject")
        if taken := {"name", "version"} & made.__dataclass_fields__.keys():
            raise TypeError(f"the event {name} has a field {min(taken)}, which would hide its own")
        made.name, made.version = name, version
        EVENTS[name] = made
        return made

    return declare


def on(name: str) -> Callable[[Function], Function]:
    """Tell the decorated function each fact of that name, after the commit."""

    def subscribe(handler: Function) -> Function:
        HANDLERS[name].append(handler)
        return handler

    return subscribe


def during(name: str) -> Callable[[Function], Function]:
    """Run the decorated function inside the publisher's transaction; raising refuses it."""

    def subscribe(hook: Function) -> Function:
        HOOKS[name].append(hook)
        return hook

    return subscribe


def handler_key(handler: Callable[..., Any]) -> str:
    """Return the stable name of a handler, as stored with its deliveries."""
    return f"{handler.__module__}.{handler.__qualname__}"


def _enabled(listeners: list[Any]) -> list[Any]:
    order = {label: place for place, label in enumerate(modules())}
    here = current().modules
    found = [(module_of(listener), listener) for listener in listeners]
    wanted = [(order.get(label or "", -1), listener) for label, listener in found if label is None or label in here]
    return [listener for _, listener in sorted(wanted, key=lambda pair: pair[0])]


def handlers_of(name: str) -> list[Callable[[Event], None]]:
    """Return the handlers of a fact whose modules are on in the current tenant."""
    return _enabled(HANDLERS[name])


def publish(fact: Any, **live: Any) -> None:
    """Tell a fact: hooks now, with the `live` objects; handlers after the commit, from the outbox."""
    unit = current_unit()
    for hook in _enabled(HOOKS[fact.name]):
        hook(fact, **live)
    unit.facts.append((fact, current()))


def late(value: Callable[[], Any]) -> Any:
    """Return what stands in a fact for a value that only the end of the unit of work knows, such as a number."""
    return value


def payload(fact: Any) -> dict[str, Any]:
    """Return the plain values of a fact, without its subject."""
    return {key: value for key, value in asdict(fact).items() if key != "subject"}
