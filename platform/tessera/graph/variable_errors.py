"""What is wrong with the values of a request's variables."""

from typing import Any

from graphql import GraphQLError, GraphQLNonNull, GraphQLSchema, OperationDefinitionNode, type_from_ast
from graphql.utilities import coerce_input_value

from tessera.graph.failures import bad_input
from tessera.graph.limits import LIMITS


def variable_errors(schema: GraphQLSchema, operation: OperationDefinitionNode, given: dict[str, Any]) -> list[dict[str, Any]]:
    """Return what is wrong with the variables, each with its path; graphql-core only puts it in prose."""
    errors: list[dict[str, Any]] = []
    for definition in operation.variable_definitions or ():
        name = definition.variable.name.value
        kind = type_from_ast(schema, definition.type)
        if name not in given:
            if isinstance(kind, GraphQLNonNull) and definition.default_value is None:
                errors.append(bad_input(GraphQLError(f"The variable ${name} is missing.", definition), [name]))
            continue

        def note(path: list[str | int], _value: Any, error: GraphQLError, name: str = name) -> None:
            errors.append(bad_input(error, [name, *map(str, path)]))
            if len(errors) >= LIMITS.errors:
                raise _Enough

        try:
            coerce_input_value(given[name], kind, note, None, hide_suggestions=True)  # type: ignore[arg-type]
        except _Enough:
            break
    return errors


class _Enough(Exception):
    """Raised once as many errors are known as are told."""
