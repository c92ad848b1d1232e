"""GraphQL requests, and what the schema alone says of them: the document that is asked for, and the values of its variables.

No row is read for it and no right is asked for, so it may be done before it is known for certain who sends a request.
"""

from dataclasses import dataclass
from typing import Any

from graphql import GraphQLSchema, OperationDefinitionNode, OperationType, type_from_ast

from tessera.budget import Budget
from tessera.context import current
from tessera.db.pools import without_connections
from tessera.graph.coercion import coerced
from tessera.graph.documents import Document, Documents, Invalid, Unreadable
from tessera.graph.giving_way import rest
from tessera.graph.limits import LIMITS, check_variables
from tessera.graph.needs import Needs, needs, whole_schema
from tessera.graph.schemas import schema_for

documents = Documents()
WHOLE = "all modules"  # stands for the schema of all modules in the caches
CHARACTERS_A_POINT = 10  # of a document that is read: it takes longer than rows for as many points


@dataclass(frozen=True)
class Request:
    """What a client sent; `http` is what came over HTTP, for resolvers where no tenant is entered.

    With `reads` it may not hold a mutation.
    """

    text: str
    variables: dict[str, Any]
    operation: str | None = None
    http: Any = None
    reads: bool = False


@dataclass(frozen=True)
class Parsed:
    """A request with its valid document and the operation in it that is asked for.

    `key` stands for the schema in the caches. What is wrong with the variables is in `errors`, ready to be shown; `variables` are the
    coerced ones, without any.
    """

    request: Request
    schema: GraphQLSchema
    key: Any
    document: Document
    operation: OperationDefinitionNode
    variables: dict[str, Any]
    errors: list[dict[str, Any]]

    @property
    def only_reads(self) -> bool:
        """Say whether it reads, and nothing of the schema."""
        return self.operation.operation is OperationType.QUERY and not self.document.introspective


def parse(schema: GraphQLSchema, key: Any, request: Request, budget: Budget | None = None) -> Parsed:
    """Return a request parsed by a schema, which `key` stands for in the caches; raise Invalid or ApiError.

    With a `budget` it is charged what it costs to read a document that is not known.
    """
    return _parsed(schema, key, _checked(_read(key, schema, request, budget), request), request)


def parse_here(request: Request, budget: Budget | None = None) -> Parsed:
    """Return a request parsed in the tenant that is entered, like `parse` by the schema of its modules.

    That schema is only made for what the whole one cannot answer in its place: a document that names what this tenant
    has not, in its text or its variables, so that the error is the one of a name that never was; and for questions about the
    schema itself.
    """
    return _parsed(*_document_here(request, budget), request)


def _parsed(schema: GraphQLSchema, key: Any, document: Document, request: Request) -> Parsed:
    operation = document.operation(request.operation)
    return Parsed(request, schema, key, document, operation, *coerced(schema, operation, request.variables))


def _checked(document: Document, request: Request) -> Document:
    """Return a document, after a look at the variables that are to go with it."""
    check_variables(request.variables, asks=document.operation(request.operation).operation is not OperationType.MUTATION)
    return document


def _document_here(request: Request, budget: Budget | None) -> tuple[GraphQLSchema, Any, Document]:
    on = current().modules
    try:
        document = _checked(_read(WHOLE, whole_schema(), request, budget, needs()), request)
        if document.needs <= on and not document.introspective and _needs_of_variables(document, request) <= on:
            return whole_schema(), WHOLE, document
    except Unreadable:
        raise
    except Invalid as invalid:
        if invalid.needs <= on:
            raise  # its errors are the same in every schema that has what it names
    schema = schema_for(on)
    return schema, on, _checked(_read(on, schema, request, budget), request)


def _read(key: Any, schema: GraphQLSchema, request: Request, budget: Budget | None, needs: Needs | None = None) -> Document:
    """Return the document of a request.

    To read one that is not kept is charged first, by its length, and given back where it is valid: who sends wrong ones again
    and again is out of points before they cost others anything.
    """
    if known := documents.kept(key, request.text):
        return known
    rest()
    points = min(min(len(request.text), LIMITS.characters) // CHARACTERS_A_POINT, budget.most // 2) if budget else 0
    if budget is None or not points:
        return documents.get(key, schema, request.text, needs)
    budget.take(points)
    with without_connections():
        document = documents.get(key, schema, request.text, needs)
    budget.settle(points, 0)
    return document


def _needs_of_variables(document: Document, request: Request) -> frozenset[str]:
    """Return the modules that the values of a request's variables name."""
    found: frozenset[str] = frozenset()
    for definition in document.operation(request.operation).variable_definitions or ():
        value = request.variables.get(definition.variable.name.value)
        if value is not None:
            found |= needs().of_value(value, type_from_ast(whole_schema(), definition.type))
    return found
