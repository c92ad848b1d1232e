"""Faults of a module, made of one that has none: orders."""

import copy
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from django.test.utils import isolate_apps
from tessera.testing.contract.parts import Part, Source, part_of

Plant = Callable[[Part], Part]
ORDERS = "orders"


def orders() -> Part:
    """Return the module orders, which holds every demand."""
    return part_of(ORDERS)


def changed(thing: Any, **values: Any) -> Any:
    """Return a copy of a frozen declaration (or a manifest) with other values, which no registry hears of."""
    made = copy.copy(thing)
    for name, value in values.items():
        object.__setattr__(made, name, value)
    return made


def file(path: str, text: str) -> Plant:
    """Plant a file of the module."""
    return lambda part: replace(part, sources=(Source(path, text),))


def manifest(**values: Any) -> Plant:
    """Plant values in the manifest."""
    return lambda part: replace(part, module=changed(part.module, **values))


def resource(which: str, /, **values: Any) -> Plant:
    """Plant values in a resource of the module."""

    def plant(part: Part) -> Part:
        (found,) = (each for each in part.resources if each.name == which)
        return replace(part, resources=(changed(found, **values),))

    return plant


def model(define: Callable[[], Any]) -> Plant:
    """Plant a model that a function defines, in place of the module's own."""

    def plant(part: Part) -> Part:
        with _isolated():
            return replace(part, models=(define(),))

    return plant


@contextmanager
def _isolated() -> Iterator[None]:
    with isolate_apps("modules.base", "modules.erp.orders", "tessera.accounts"):
        yield
