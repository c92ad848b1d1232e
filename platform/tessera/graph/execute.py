"""Execution: graphql-core walks the root, generated fields come back finished."""

from typing import Any

from django.db.models import Model
from graphql import (
    ExecutionContext,
    ExecutionResult,
    FragmentDefinitionNode,
    GraphQLError,
    GraphQLOutputType,
    GraphQLSchema,
    OperationDefinitionNode,
    default_field_resolver,
    default_type_resolver,
    get_named_type,
)
from graphql.execution.execute import CollectedErrors

from tessera.graph.plan import Planner
from tessera.graph.statements import Call, Read
from tessera.graph.values import value_plan


class Finished:
    """JSON that needs no further completion, as a generated root field returns it."""

    __slots__ = ("data",)

    def __init__(self, data: Any) -> None:
        self.data = data


class Planned(Read):
    """Rows that a generated root field reads: by one statement where there can be one, else by a plan."""

    def by_plan(self, planner: Planner) -> Any:
        """Return the JSON of the field."""
        raise NotImplementedError


class Execution(ExecutionContext):
    """graphql-core's execution, which takes finished data as it is."""

    is_awaitable = staticmethod(lambda value: False)  # everything here is synchronous
    call: Call | None = None  # the statements of the operation, if it reads

    @classmethod
    def of(
        cls,
        schema: GraphQLSchema,
        fragments: dict[str, FragmentDefinitionNode],
        operation: OperationDefinitionNode,
        variables: dict[str, Any],
        *,
        context: Any,
        call: Call | None,
    ) -> "Execution":
        """Return the execution of an operation with variables that were coerced already; `build` would do it again."""
        resolvers = (default_field_resolver, default_type_resolver, default_field_resolver)
        made = cls(schema, fragments, None, context, operation, variables, *resolvers, CollectedErrors(), None, None)
        made.call = call
        return made

    def finished(self) -> ExecutionResult:
        """Run the operation; what goes wrong in it is in the result."""
        collected = self.collected_errors
        try:
            data: Any = self.execute_operation(self.operation, self.root_value)
        except GraphQLError as error:
            collected.add(error, None)
            data = None
        return self.build_response(data, collected.errors)

    def complete_value(self, return_type: GraphQLOutputType, field_nodes: Any, info: Any, path: Any, result: Any) -> Any:
        if isinstance(result, Finished):
            return result.data
        if isinstance(result, Planned):
            made = self.call.read(self, path.key, result) if self.call and path.prev is None else None
            return result.by_plan(Planner(info)) if made is None else made
        if _rows(result) and "shape" in get_named_type(return_type).extensions:
            return value_plan(Planner(info), return_type, field_nodes).render_all([result])[0]
        return super().complete_value(return_type, field_nodes, info, path, result)


def _rows(result: Any) -> bool:
    """Say whether a hand-written resolver returned rows, which are read again like any others."""
    return isinstance(result, Model) or (isinstance(result, list) and bool(result) and isinstance(result[0], Model))
