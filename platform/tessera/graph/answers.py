"""Answer one GraphQL request in the tenant and as the actor that are entered."""

import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from typing import Any

import orjson
from django.conf import settings
from django.db import DatabaseError
from graphql import FieldNode, GraphQLSchema, OperationDefinitionNode, OperationType, located_error

from tessera.budget import Budget, Status
from tessera.context import current_or_none
from tessera.db.prepared import Proof
from tessera.errors import ApiError, Code, Forbidden
from tessera.graph.cost import Estimate, counting
from tessera.graph.documents import Document, Invalid
from tessera.graph.execute import Execution
from tessera.graph.failures import of_field, shown
from tessera.graph.requests import Parsed, Request, parse, parse_here
from tessera.graph.statements import Call, Found
from tessera.graph.usage import note_uses
from tessera.resource import camel

STATUS = tuple(each.name for each in fields(Status))
KEPT_INTROSPECTION_BYTES = 32 * 1024 * 1024
EXPLORE = "access.api_explore"
_introspections: OrderedDict[tuple[Any, str, str | None], bytes] = OrderedDict()
_keeping = threading.Lock()


@dataclass(frozen=True)
class Response:
    """What it gets: `executed` is False when nothing of the document was run, `to_be_posted` for a mutation that `reads`."""

    body: dict[str, Any]
    executed: bool
    to_be_posted: bool = False


def refusal(error: ApiError) -> Response:
    """Return the response to a request that is refused as a whole."""
    return Response({"errors": [shown(error)]}, executed=False)


def wrong(errors: list[dict[str, Any]]) -> Response:
    """Return the response to a request whose document or variables are wrong."""
    return Response({"errors": errors}, executed=False)


def answer(schema: GraphQLSchema, key: Any, request: Request, budget: Budget | None = None) -> Response:
    """Answer a request by a schema; `key` stands for the schema in the caches.

    Somebody who has not signed in is answered when all that is asked for is public; anything else,
    wrong documents included, is UNAUTHENTICATED. With a `budget` it is charged what the operation
    costs, and the answer says how much that was.
    """
    return _answered(lambda: parse(schema, key, request, budget), budget)


def answer_here(request: Request, budget: Budget | None = None, parsed: Parsed | None = None) -> Response:
    """Answer a request in the tenant that is entered, like `answer` by the schema of its modules; it may have been parsed there."""
    return _answered(lambda: parsed or parse_here(request, budget), budget)


def _answered(parsing: Callable[[], Parsed], budget: Budget | None) -> Response:
    stranger = (context := current_or_none()) is not None and context.actor.kind == "anonymous"
    try:
        parsed = parsing()
        operation = parsed.operation
        if stranger and not only_public(parsed.schema, operation):
            return refusal(unauthenticated())
        if parsed.request.reads and operation.operation is not OperationType.QUERY:
            return replace(refusal(ApiError(Code.BAD_INPUT, "Send mutations by POST.")), to_be_posted=True)
        if operation.operation is OperationType.SUBSCRIPTION:
            return refusal(ApiError(Code.BAD_INPUT, "Subscriptions are served as streams, at /graphql/stream."))
        if parsed.document.introspective and not may_explore():
            raise Forbidden(EXPLORE)
        stranger = False  # what follows is public, so its errors are too
        if parsed.errors:
            return wrong(parsed.errors)
        if only_introspects(operation) and not parsed.request.variables:
            return Response(_introspected(parsed), executed=True)
        response = _executed(parsed, budget)
        return _warned(response, parsed.schema, parsed.document) if parsed.document.deprecated else response
    except Invalid as invalid:
        return refusal(unauthenticated()) if stranger else wrong(invalid.errors)
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


def _executed(parsed: Parsed, budget: Budget | None = None) -> Response:
    call, found = None, None
    if parsed.only_reads and current_or_none() is not None:
        call = parsed.document.reading(parsed.schema, parsed.request.operation).call(parsed.variables)
        found = call.find(parsed.variables)
    execution = _execution(parsed, call) if found is None else None

    def run() -> dict[str, Any]:
        body = by_statement(call, found) if call and found else None
        return body or _finished(execution or _execution(parsed, call))

    operation = parsed.operation
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


def _execution(parsed: Parsed, call: Call | None) -> Execution:
    return Execution.of(
        parsed.schema,
        parsed.document.fragments,
        parsed.operation,
        parsed.variables,
        context=current_or_none() or parsed.request.http,
        call=call,
    )


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


def _introspected(parsed: Parsed) -> dict[str, Any]:
    """Return an answer that depends on the schema alone; the whole schema takes half a second once."""
    known = (parsed.key, parsed.request.text, parsed.request.operation)
    found = _introspections.get(known)
    if found is None:
        made = _executed(parsed).body
        if "errors" in made:
            return made
        found = orjson.dumps(made["data"])
        with _keeping:
            _introspections[known] = found
            while sum(map(len, _introspections.values())) > KEPT_INTROSPECTION_BYTES and len(_introspections) > 1:
                _introspections.popitem(last=False)
    return {"data": orjson.Fragment(found)}
