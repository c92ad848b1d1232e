"""The schemas in use, one per set of modules: built once, by whoever asks first, and the rest waits."""

import threading
from collections import OrderedDict

from graphql import GraphQLSchema

from tessera.graph.build import build

KEPT = 32


class Schemas:
    """The least recently used sets give way; a set is never built twice at the same time."""

    def __init__(self, kept: int = KEPT) -> None:
        self.kept = kept
        self._made: OrderedDict[frozenset[str], GraphQLSchema] = OrderedDict()
        self._building: dict[frozenset[str], threading.Lock] = {}
        self._lock = threading.Lock()

    def of(self, modules: frozenset[str]) -> GraphQLSchema:
        """Return the schema of a set of modules."""
        with self._lock:
            if found := self._known(modules):
                return found
            building = self._building.setdefault(modules, threading.Lock())
        with building:
            with self._lock:
                if found := self._known(modules):
                    return found
            made = build(modules)
            with self._lock:
                self._made[modules] = made
                self._building.pop(modules, None)
                if len(self._made) > self.kept:
                    self._made.popitem(last=False)
            return made

    def _known(self, modules: frozenset[str]) -> GraphQLSchema | None:
        found = self._made.get(modules)
        if found is not None:
            self._made.move_to_end(modules)
        return found


schemas = Schemas()


def schema_for(modules: frozenset[str]) -> GraphQLSchema:
    """Return the schema of a tenant with these modules on."""
    return schemas.of(modules)
