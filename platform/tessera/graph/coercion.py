"""The values of a request's variables, as its operation declares them."""

from typing import Any

from graphql import GraphQLError, GraphQLNonNull, GraphQLSchema, OperationDefinitionNode, type_from_ast, value_from_ast
from graphql.utilities import coerce_input_value

from tessera.graph.failures import bad_input
from tessera.graph.limits import LIMITS


def coerced(
    schema: GraphQLSchema, operation: OperationDefinitionNode, given: dict[str, Any]
) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Return the coerced values of an operation's variables, and what is wrong with those given, each with its path.

    graphql-core does the same, but tells the paths in prose only. No more errors are looked for than are told.
    """
    values: dict[str, Any] = {}
    errors: list[dict[str, Any]] = []
    for definition in operation.variable_definitions or ():
        name = definition.variable.name.value
        kind = type_from_ast(schema, definition.type)

        def note(path: list[str | int], _value: Any, error: GraphQLError, name: str = name) -> None:
            errors.append(bad_input(error, [name, *map(str, path)]))
            if len(errors) >= LIMITS.errors:
                raise _Enough

        try:
            if name in given:
                values[name] = coerce_input_value(given[name], kind, note, None, hide_suggestions=True)  # type: ignore[arg-type]
            elif definition.default_value is not None:
                values[name] = value_from_ast(definition.default_value, kind)  # type: ignore[arg-type]
            elif isinstance(kind, GraphQLNonNull):
                note([], None, GraphQLError(f"The variable ${name} is missing.", definition))
        except _Enough:
            break
    return values, errors


class _Enough(Exception):
    """Raised once as many errors are known as are told."""
