"""Answers: what a module shows is shown to whoever may see it and to nobody else, and bad input is refused by name."""

from collections.abc import Iterator
from typing import Any
from uuid import UUID

from django.apps import apps
from graphql import GraphQLInputObjectType, get_named_type

from tessera.context import EVERYTHING, Actor, acting, current
from tessera.fields import new_id
from tessera.graph.ids import encode
from tessera.graph.inputs import RowKey
from tessera.graph.names import lower_first, pascal
from tessera.graph.schemas import schema_for
from tessera.permissions import all_permissions
from tessera.resource import Action, Resource
from tessera.testing.asking import ask, codes
from tessera.testing.contract.parts import Part
from tessera.testing.probing import Path, input_paths, literal, quoted, selection
from tessera.testing.rows import Rows

NOWHERE = UUID("0b7a2f7e-1111-4222-8333-444455556666")
REFUSALS = {"BAD_INPUT", "NOT_FOUND", "FORBIDDEN", "TOO_COMPLEX"}


def member(*permissions: str) -> Actor:
    """Return somebody with just these rights, everywhere."""
    return Actor(
        kind="member", member_id=new_id(), account_id=new_id(), name="bob", grants=dict.fromkeys(permissions, EVERYTHING)
    )


def root_names(resource: Resource) -> tuple[str, str]:
    """Return the names of a resource's row and list in Query."""
    return lower_first(resource.name), lower_first(resource.plural)


def viewers_see(part: Part) -> Iterator[str]:
    """Every list and row answers a member who holds just the right to view it."""
    schema, rows = schema_for(current().modules), Rows("AMBER")
    for resource in part.resources:
        row = rows.row(resource.model)
        one, many = root_names(resource)
        key = quoted(encode(resource.name, row.pk))
        with acting(member(resource.permission("view"))):
            shown = selection(schema.type_map[resource.name], 1)
            body = ask(
                f"{{ {many}(first: 250) {{ totalCount nodes {shown} pageInfo {{ endCursor }} }} {one}(id: {key}) {shown} }}"
            )
            if body.get("errors"):
                yield f"{resource.name}: {body['errors'][0]['message']} {body['errors'][0]['extensions']}"
                continue
            found = [node for node in body["data"][many]["nodes"] if node["id"] == body["data"][one]["id"]]
            if found != [body["data"][one]]:
                yield f"{resource.name}: the list and the row differ"


def others_are_refused(part: Part) -> Iterator[str]:
    """Without the right to view it, a list, a row and a node are FORBIDDEN, whether the row exists or not."""
    rows = Rows("AMBER")
    for resource in part.resources:
        row = rows.row(resource.model)
        one, many = root_names(resource)
        with acting(member()):
            for key in (row.pk, NOWHERE):
                text = quoted(encode(resource.name, key))
                for asked in (
                    f"{{ {many} {{ totalCount }} }}",
                    f"{{ {one}(id: {text}) {{ id }} }}",
                    f"{{ node(id: {text}) {{ id }} }}",
                ):
                    if codes(ask(asked)) != ["FORBIDDEN"]:
                        yield f"{asked} answers {ask(asked)}"


def mutations_of(part: Part, schema: Any) -> Iterator[tuple[Resource, str, Any]]:
    """Yield the resource, name and field of every mutation that a module brings."""
    fields = schema.mutation_type.fields if schema.mutation_type else {}
    for resource in part.resources:
        verbs = [verb for verb in ("create", "update", "delete") if getattr(resource, verb)]
        verbs += [action.verb for action in resource.actions if isinstance(action, Action)]
        for verb in verbs:
            name = lower_first(resource.name) + pascal(verb)
            yield resource, name, fields[name]


class Planted:
    """Literals for a mutation's arguments: real ones, but for one planted value."""

    def __init__(self, rows: Rows, resource: Resource, path: Path, value: str) -> None:
        self.rows, self.resource, self.path, self.value = rows, resource, path, value

    def __call__(self, kind: Any, path: Path, reader: Any) -> str | None:
        if path == self.path:
            return self.value
        if path == ("id",):
            return quoted(encode(self.resource.name, self.rows.row(self.resource.model).pk))
        if path == ("idempotencyKey",) or path == ("version",):
            return "null"
        if isinstance(reader, RowKey):
            return quoted(encode(reader.resource.name, self.rows.row(reader.resource.model).pk))
        if kind.name == "ID":
            return quoted(encode("Member", self.rows.row(apps.get_model("access", "Member")).pk))
        return None


def bad_input_is_refused(part: Part) -> Iterator[str]:
    """Every mutation refuses a key of nothing, a NUL byte and a NaN, by a code and with nothing written."""
    schema, rows = schema_for(current().modules), Rows("AMBER")
    with acting(member(*all_permissions(current().modules))):
        for resource, name, found in mutations_of(part, schema):
            for path, kind, reader in _leaves(found):
                for what, value in _bad(kind, path, reader, resource):
                    leaf = Planted(rows, resource, path, value)
                    yield from (
                        f"{name}: {what} at {'.'.join(path)} {problem}" for problem in _answer(name, found, leaf, path, what)
                    )


def _leaves(found: Any) -> Iterator[tuple[Path, Any, Any]]:
    for name, argument in found.args.items():
        if name not in ("idempotencyKey", "version"):
            yield from input_paths(argument.type, (name,))


def _bad(kind: Any, path: Path, reader: Any, resource: Resource) -> Iterator[tuple[str, str]]:
    if isinstance(reader, RowKey) or path == ("id",):
        name = reader.resource.name if isinstance(reader, RowKey) else resource.name
        yield "a key of nothing", quoted(encode(name, NOWHERE))
        yield "a key of another type", quoted(encode("Nothing", NOWHERE))
    elif kind.name == "String":
        yield "a NUL byte", quoted("a\0b")
    elif kind.name == "Decimal":
        yield "NaN", quoted("NaN")
        yield "Infinity", quoted("Infinity")
    elif kind.name == "Date":
        yield "the year 0", quoted("0000-01-01")


def _takes_any_key(found: Any) -> bool:
    """Say whether a mutation takes keys of it does not say what: no value given for them can be a good one."""
    leaves = _leaves(found)
    return any(kind.name == "ID" and path != ("id",) and not isinstance(reader, RowKey) for path, kind, reader in leaves)


def _answer(name: str, found: Any, leaf: Planted, path: Path, what: str) -> Iterator[str]:
    given = [
        f"{each}: {literal(argument.type, leaf, optional=isinstance(get_named_type(argument.type), GraphQLInputObjectType), path=(each,))}"
        for each, argument in found.args.items()
        if each not in ("idempotencyKey", "version")
    ]
    body = ask(f"mutation {{ {name}({', '.join(given)}) {{ userErrors {{ field code message }} }} }}")
    if body.get("errors"):
        if unknown := [code for code in codes(body) if code not in REFUSALS]:
            yield f"is answered with {unknown}"
        return
    errors = body["data"][name]["userErrors"]
    if not errors:
        yield "is taken"
    elif (
        what.startswith("a key")
        and not _takes_any_key(found)
        and not any(each["code"] == "NOT_FOUND" and path[-1] in each["field"] for each in errors)
    ):
        yield f"is refused with {[(each['code'], each['field']) for each in errors]}, not with NOT_FOUND at {path[-1]}"
