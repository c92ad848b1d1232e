"""The schemas in use, one per set of modules: built once, by whoever asks first, and the rest waits."""

import threading
from collections import OrderedDict

from graphql import GraphQLEnumType, GraphQLInputObjectType, GraphQLInterfaceType, GraphQLObjectType, GraphQLSchema

from tessera.graph.build import build

KEPT_BYTES = 128 * 1024 * 1024
MEMBER_BYTES = 600  # what a field, an input field, an argument or a value of an enum takes, with its share of its type


def size_of(schema: GraphQLSchema) -> int:
    """Return about how many bytes a schema takes: its members, counted, for to measure them takes as long as to build."""
    members = 0
    for kind in schema.type_map.values():
        if isinstance(kind, GraphQLEnumType):
            members += len(kind.values)
        elif isinstance(kind, GraphQLInputObjectType):
            members += len(kind.fields)
        elif isinstance(kind, (GraphQLObjectType, GraphQLInterfaceType)):
            members += sum(1 + len(each.args) for each in kind.fields.values())
    return members * MEMBER_BYTES


class Schemas:
    """The least recently used sets give way to keep all together within `most` bytes; a set is never built twice at the same time."""

    def __init__(self, most: int = KEPT_BYTES) -> None:
        self.most = most
        self._bytes = 0
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
                self._bytes += size_of(made)
                self._building.pop(modules, None)
                while self._bytes > self.most and len(self._made) > 1:
                    self._bytes -= size_of(self._made.popitem(last=False)[1])
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
