"""Which variables of a document are parameters of its statements, and which decide what the statements are.

A variable that is compared with a column, is the id of a row or a cursor is a parameter: of it only the form counts, what is
null and how long a list is. Any other (a page size, an ordering, what a directive asks) belongs to the key by its value.
"""

from collections.abc import Callable
from typing import Any

from graphql import (
    ArgumentNode,
    DocumentNode,
    GraphQLInputObjectType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLSchema,
    ListValueNode,
    ObjectFieldNode,
    ObjectValueNode,
    TypeInfo,
    TypeInfoVisitor,
    ValueNode,
    VariableNode,
    Visitor,
    get_named_type,
    value_from_ast,
    visit,
)
from graphql.pyutils import Undefined

from tessera.graph.forms import CASTS
from tessera.graph.slots import Slot

COMPARED = ("eq", "ne", "gt", "gte", "lt", "lte", "contains", "startsWith", "in", "notIn")
CURSORS = ("after", "before")
WORDS = ("and", "or", "not")
Path = tuple[Any, ...]


def is_comparison(kind: Any) -> bool:
    """Say whether an input type compares a column with values."""
    return isinstance(kind, GraphQLInputObjectType) and kind.name.endswith("Comparison") and "isNull" in kind.fields


def is_filter(kind: Any) -> bool:
    """Say whether an input type is the filter of a resource."""
    return isinstance(kind, GraphQLInputObjectType) and all(word in kind.fields for word in WORDS)


class _Uses(Visitor):
    """Notes the variables that stand where no parameter can."""

    def __init__(self, info: TypeInfo) -> None:
        super().__init__()
        self.info = info
        self.decisive: set[str] = set()
        self.places: dict[str, set[str]] = {}

    def enter_variable(self, node: VariableNode, _key: Any, parent: Any, _path: Any, _above: Any) -> None:
        name = node.name.value
        if isinstance(parent, (ArgumentNode, ObjectFieldNode)):
            place = self._place(parent)
            if place:
                self.places.setdefault(name, set()).add(place)
                return
        if not hasattr(parent, "variable"):  # its own definition is no use of it
            self.decisive.add(name)

    def _place(self, parent: ArgumentNode | ObjectFieldNode) -> str:
        name = parent.name.value
        if isinstance(parent, ObjectFieldNode):
            within = get_named_type(self.info.get_parent_input_type())
            if is_comparison(within) and name in COMPARED:
                return "value"
            kind = get_named_type(self.info.get_input_type())
            return "value" if is_filter(within) and (is_filter(kind) or is_comparison(kind)) else ""
        field = self.info.get_field_def()
        if field is None or self.info.get_directive():
            return ""
        lists = "page_of" in getattr(get_named_type(field.type), "extensions", {})
        if lists and name in CURSORS:
            return "cursor"
        if lists and name == "filter":
            return "value"
        return "value" if name == "id" and field.extensions.get("reads") else ""


def parameters_of(document: DocumentNode, schema: GraphQLSchema) -> dict[str, str]:
    """Return the variables that are only used as parameters, of all operations together, each with where: "value" or "cursor"."""
    info = TypeInfo(schema)
    uses = _Uses(info)
    visit(document, TypeInfoVisitor(info, uses))
    return {name: next(iter(places)) for name, places in uses.places.items() if name not in uses.decisive and len(places) == 1}


def spread(value: Any, kind: Any, path: Path, put: Callable[[Path, Any, Any], Any]) -> tuple[Any, Any]:
    """Return a coerced value with what `put(path, leaf type, value)` gives in the place of each parameter in it, and its form."""
    if isinstance(kind, GraphQLNonNull):
        return spread(value, kind.of_type, path, put)
    if value is None:
        return None, None
    if isinstance(kind, GraphQLList):
        made = [spread(each, kind.of_type, (*path, place), put) for place, each in enumerate(value)]
        return [each for each, _ in made], tuple(form for _, form in made)
    if not isinstance(kind, GraphQLInputObjectType):
        return put(path, kind, value), "value"
    values, forms = {}, []
    for name, inner in value.items():
        field = kind.fields[name]
        target = get_named_type(field.type)
        if (is_comparison(kind) and name in COMPARED) or (is_filter(kind) and (is_filter(target) or is_comparison(target))):
            values[name], form = spread(inner, field.type, (*path, name), put)
        else:
            values[name], form = inner, repr(inner)
        forms.append((name, form))
    return values, tuple(forms)


def _kept(_path: Path, _kind: Any, value: Any) -> Any:
    return value


def form_of_value(value: Any, kind: Any) -> Any:
    """Return the form of a coerced value of a parameter."""
    return "value" if isinstance(value, str) else spread(value, kind, (), _kept)[1]


def slot_of(path: Path, kind: Any, _value: Any) -> Slot:
    """Return the slot of the value at a path in the variables."""
    return Slot(CASTS.get(kind, "text"), lambda values: at(path, values.variables))


def at(path: Path, variables: Any) -> Any:
    """Return what is found in variables by a path."""
    for step in path:
        variables = variables[step]
    return variables


def with_slots(node: ValueNode, kind: Any, variables: dict[str, Any], slots: dict[str, Any]) -> Any:
    """Return the value of an argument, with slots where the document has variables that are parameters."""
    if isinstance(node, VariableNode) and node.name.value in slots:
        return slots[node.name.value]
    inner = kind.of_type if isinstance(kind, GraphQLNonNull) else kind
    if isinstance(node, ObjectValueNode) and isinstance(inner, GraphQLInputObjectType):
        given = {each.name.value: each.value for each in node.fields}
        made = value_from_ast(node, kind, variables)
        return {
            name: with_slots(given[name], inner.fields[name].type, variables, slots) if name in given else value
            for name, value in made.items()
        }
    if isinstance(node, ListValueNode) and isinstance(inner, GraphQLList):
        return [with_slots(each, inner.of_type, variables, slots) for each in node.values]
    made = value_from_ast(node, kind, variables)
    return None if made is Undefined else made
