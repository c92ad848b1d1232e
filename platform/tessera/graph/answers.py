"""Answer one GraphQL request in the tenant and as the actor that are entered."""

import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from typing import Any

import orjson
from django.conf import settings
from django.db import DatabaseError
from graphql import (
    FieldNode,
    GraphQLSchema,
    OperationDefinitionNode,
    OperationType,
    located_error,
    type_from_ast,
)

from tessera.budget import Budget, Status
from tessera.context import current, current_or_none
from tessera.db.pools import without_connections
from tessera.db.prepared import Proof
from tessera.errors import ApiError, Code, Forbidden
from tessera.graph.cost import Estimate, counting
from tessera.graph.documents import Document, Documents, Invalid, Unreadable
from tessera.graph.execute import Execution
from tessera.graph.failures import of_field, shown
from tessera.graph.limits import LIMITS, check_asked, check_variables
from tessera.graph.needs import Needs, needs, whole_schema
from tessera.graph.schemas import schema_for
from tessera.graph.statements import Call, Found
from tessera.graph.usage import note_uses
from tessera.graph.variable_errors import variable_errors
from tessera.resource import camel

documents = Documents()
WHOLE = "all modules"  # stands for the schema of all modules in the caches
STATUS = tuple(each.name for each in fields(Status))
KEPT_INTROSPECTION_BYTES = 32 * 1024 * 1024
CHARACTERS_A_POINT = 10  # of a document that is read: it takes longer than rows for as many points
EXPLORE = "access.api_explore"
_introspections: OrderedDict[tuple[Any, str, str | None], bytes] = OrderedDict()
_keeping = threading.Lock()


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
class Response:
    """What it gets: `executed` is False when nothing of the document was run, `to_be_posted` for a mutation that `reads`."""

    body: dict[str, Any]
    executed: bool
    to_be_posted: bool = False


def refusal(error: ApiError) -> Response:
    """Return the response to a request that is refused as a whole."""
    return Response({"errors": [shown(error)]}, executed=False)


def answer(schema: GraphQLSchema, key: Any, request: Request, budget: Budget | None = None) -> Response:
    """Answer a request by a schema; `key` stands for the schema in the caches.

    Somebody who has not signed in is answered when all that is asked for is public; anything else,
    wrong documents included, is UNAUTHENTICATED. With a `budget` it is charged what the operation
    costs, and the answer says how much that was.
    """
    return _answered(lambda: (schema, key, _read(key, schema, request, budget)), request, budget)


def answer_here(request: Request, budget: Budget | None = None) -> Response:
    """Answer a request in the tenant that is entered, like `answer` by the schema of its modules.

    That schema is only made for what the whole one cannot answer in its place: a document that names what this tenant
    has not, in its text or its variables, so that the error is the one of a name that never was; and for questions about the
    schema itself.
    """
    return _answered(lambda: _document_here(request, budget), request, budget)


def _document_here(request: Request, budget: Budget | None) -> tuple[GraphQLSchema, Any, Document]:
    on = current().modules
    try:
        document = _read(WHOLE, whole_schema(), request, budget, needs())
        if document.needs <= on and not document.introspective and needs_of_variables(document, request) <= on:
            return whole_schema(), WHOLE, document
    except Unreadable:
        raise
    except Invalid as invalid:
        if invalid.needs <= on:
            raise  # its errors are the same in every schema that has what it names
    schema = schema_for(on)
    return schema, on, _read(on, schema, request, budget)


def _read(key: Any, schema: GraphQLSchema, request: Request, budget: Budget | None, needs: Needs | None = None) -> Document:
    """Return the document of a request.

    To read one that is not kept is charged first, by its length, and given back where it is valid: who sends wrong ones again
    and again is out of points before they cost others anything.
    """
    if known := documents.kept(key, request.text):
        return known
    points = min(min(len(request.text), LIMITS.characters) // CHARACTERS_A_POINT, budget.most // 2) if budget else 0
    if budget is None or not points:
        return documents.get(key, schema, request.text, needs)
    budget.take(points)
    with without_connections():
        document = documents.get(key, schema, request.text, needs)
    budget.settle(points, 0)
    return document


def needs_of_variables(document: Document, request: Request) -> frozenset[str]:
    """Return the modules that the values of a request's variables name."""
    found: frozenset[str] = frozenset()
    for definition in document.operation(request.operation).variable_definitions or ():
        value = request.variables.get(definition.variable.name.value)
        if value is not None:
            found |= needs().of_value(value, type_from_ast(whole_schema(), definition.type))
    return found


def _answered(choose: Callable[[], tuple[GraphQLSchema, Any, Document]], request: Request, budget: Budget | None) -> Response:
    stranger = (context := current_or_none()) is not None and context.actor.kind == "anonymous"
    try:
        count = check_variables(request.variables)
        schema, key, document = choose()
        operation = document.operation(request.operation)
        if operation.operation is OperationType.QUERY:
            check_asked(count)
        if stranger and not only_public(schema, operation):
            return refusal(unauthenticated())
        if request.reads and operation.operation is not OperationType.QUERY:
            return replace(refusal(ApiError(Code.BAD_INPUT, "Send mutations by POST.")), to_be_posted=True)
        if operation.operation is OperationType.SUBSCRIPTION:
            return refusal(ApiError(Code.BAD_INPUT, "Subscriptions are served as streams, at /graphql/stream."))
        if document.introspective and not may_explore():
            raise Forbidden(EXPLORE)
        stranger = False  # what follows is public, so its errors are too
        if only_introspects(operation) and not request.variables:
            return Response(_introspected(schema, key, request, document, operation), executed=True)
        response = _executed(schema, request, document, operation, budget)
        return _warned(response, schema, document) if document.deprecated else response
    except Invalid as invalid:
        return refusal(unauthenticated()) if stranger else Response({"errors": invalid.errors}, executed=False)
    except ApiError as error:
        return refusal(unauthenticated() if stranger else error)


def _warned(response: Response, schema: GraphQLSchema, document: Document) -> Response:
    """Say in an answer what of the request is going to leave, and count that it was asked for."""
    note_uses(document.deprecated)
    leaving = ((place, schema.extensions["deprecated"][place]) for place in document.deprecated)
    warnings = [
        {"code": "DEPRECATED", "place": place, "message": about.reason, "until": about.until.isoformat()}
        for place, about in leaving
    ]
    told = response.body.get("extensions", {}) | {"warnings": warnings}
    return replace(response, body=response.body | {"extensions": told})


def may_explore() -> bool:
    """Say whether whoever asks may ask for the schema: everyone, unless the settings leave that to developers."""
    return settings.TESSERA_OPEN_INTROSPECTION or ((context := current_or_none()) is not None and context.actor.may(EXPLORE))


def unauthenticated() -> ApiError:
    """Return the refusal of somebody who has not signed in."""
    return ApiError(Code.UNAUTHENTICATED, "Sign in, or send a token of this company.")


def only_public(schema: GraphQLSchema, operation: OperationDefinitionNode) -> bool:
    """Say whether an operation runs public services and nothing else."""
    root = schema.get_root_type(operation.operation)
    fields = root.fields if root else {}
    asked = [each.name.value if isinstance(each, FieldNode) else "" for each in operation.selection_set.selections]
    return all(name in fields and getattr(fields[name].extensions.get("service"), "public", False) for name in asked)


def _executed(
    schema: GraphQLSchema, request: Request, document: Document, operation: OperationDefinitionNode, budget: Budget | None = None
) -> Response:
    variables: dict[str, Any] | None = None
    call, found, execution = None, None, None
    reads = operation.operation is OperationType.QUERY and not document.introspective
    if reads and current_or_none() is not None:
        reading = document.reading(schema, request.operation)
        variables = reading.coerced(request.variables)
        if variables is not None:
            call = reading.call(variables)
            found = call.find(variables)
    if found is None:
        execution = _execution(schema, request, document, call)
        if isinstance(execution, list):
            errors = variable_errors(schema, operation, request.variables) or [of_field(error) for error in execution]
            return Response({"errors": errors}, executed=False)

    def run() -> dict[str, Any]:
        body = by_statement(call, found) if call and found else None
        return body or _finished(execution or _execution(schema, request, document, call))

    mutations = len(operation.selection_set.selections) if operation.operation is OperationType.MUTATION else 0
    return charged(budget, call.cost if call else Estimate(execution).of(operation), run, mutations=mutations)


def charged(budget: Budget | None, asked: int, run: Callable[[], dict[str, Any]], *, mutations: int = 0) -> Response:
    """Run what costs so many points at most and so many mutations, with a `budget` charged to it, and say what it was."""
    if budget:
        budget.take(asked)
    with counting() as spent:
        spent.mutations = mutations
        try:
            body = run()
        finally:
            status = budget.settle(asked, spent.points) if budget else None
    if status:
        throttle = {camel(each): getattr(status, each) for each in STATUS}
        body["extensions"] = {"cost": {"requested": asked, "actual": spent.points, "throttleStatus": throttle}}
    return Response(body, executed=True)


def _execution(schema: GraphQLSchema, request: Request, document: Document, call: Call | None) -> Any:
    execution = Execution.build(
        schema,
        document.ast,
        context_value=current_or_none() or request.http,
        raw_variable_values=request.variables,
        operation_name=request.operation,
        max_coercion_errors=1,  # `variable_errors` tells them
        hide_suggestions=True,
    )
    if isinstance(execution, Execution):
        execution.call = call
    return execution


def _finished(execution: Execution) -> dict[str, Any]:
    result = execution.finished()
    body: dict[str, Any] = {"errors": [of_field(error) for error in result.errors]} if result.errors else {}
    return body | {"data": result.data}


def by_statement(call: Call, found: Found, proof: Proof | None = None) -> dict[str, Any] | None:
    """Return an answer that is one statement; None where the plan has to give it."""
    try:
        data = call.run(found, proof)
    except DatabaseError as error:
        failed = [of_field(located_error(error, nodes, [key])) for key, nodes in call.nodes.items()]
        return {"errors": failed, "data": dict.fromkeys(call.nodes)}
    return None if data is None else {"data": data}


def only_introspects(operation: OperationDefinitionNode) -> bool:
    """Say whether an operation reads nothing but the schema."""
    selections = operation.selection_set.selections
    return operation.operation is OperationType.QUERY and all(
        isinstance(each, FieldNode) and each.name.value in ("__schema", "__type", "__typename") for each in selections
    )


def _introspected(
    schema: GraphQLSchema, key: Any, request: Request, document: Document, operation: OperationDefinitionNode
) -> dict[str, Any]:
    """Return an answer that depends on the schema alone; the whole schema takes half a second once."""
    known = (key, request.text, request.operation)
    found = _introspections.get(known)
    if found is None:
        made = _executed(schema, request, document, operation).body
        if "errors" in made:
            return made
        found = orjson.dumps(made["data"])
        with _keeping:
            _introspections[known] = found
            while sum(map(len, _introspections.values())) > KEPT_INTROSPECTION_BYTES and len(_introspections) > 1:
                _introspections.popitem(last=False)
    return {"data": orjson.Fragment(found)}
