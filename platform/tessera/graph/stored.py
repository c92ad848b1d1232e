"""Queries that are stored and asked again, once for each fact, in the name of whoever wrote them."""

import json
from functools import lru_cache
from typing import Any
from uuid import UUID

import orjson
from graphql import FieldNode, GraphQLError, OperationDefinitionNode, VariableNode, get_named_type, parse

from tessera.budget import budget_of
from tessera.context import current
from tessera.errors import ApiError
from tessera.graph.answers import answer
from tessera.graph.ids import encode
from tessera.graph.requests import Request
from tessera.graph.schemas import schema_for

SUBJECT = "subject"
TOKENS = 1_000


class Unanswerable(Exception):
    """Raised for a query that is not answered at all: it is wrong, too dear, or was asked too often."""


def answer_stored(text: str, subject: UUID) -> dict[str, Any]:
    """Return `data` and `errors` of a query, asked as the current actor, with `$subject` as the id of a record.

    Of what kind the record is, the first root field says that takes `$subject`. Raises Unanswerable.
    """
    here = current()
    schema = schema_for(here.modules)
    names = _fields_of_subject(text)
    variables = {}
    if names is not None:
        root = schema.query_type
        kinds = [get_named_type(root.fields[name].type) for name in names if root and name in root.fields]
        shapes = [kind.extensions["shape"] for kind in kinds if "shape" in kind.extensions]
        if not shapes:
            raise Unanswerable("No field takes $subject whose record it could be.")
        variables[SUBJECT] = encode(shapes[0].name, subject)
    person = here.actor.member_id.hex if here.actor.member_id else ""
    budget = budget_of(tenant=here.tenant, person=person)
    try:
        response = answer(schema, here.modules, Request(text, variables, reads=True), budget)
    except ApiError as error:
        raise Unanswerable(error.message) from error
    if not response.executed:
        raise Unanswerable(response.body["errors"][0]["message"])
    body = json.loads(orjson.dumps(response.body))
    return {name: body[name] for name in ("data", "errors") if name in body}


@lru_cache(maxsize=256)
def _fields_of_subject(text: str) -> tuple[str, ...] | None:
    """Return the root fields that take `$subject`, None where no variable of that name is declared."""
    try:
        document = parse(text, max_tokens=TOKENS, no_location=True)
    except GraphQLError as error:
        raise Unanswerable(error.message) from error
    operations = [each for each in document.definitions if isinstance(each, OperationDefinitionNode)]
    if len(operations) != 1:
        raise Unanswerable("Store one query.")
    declared = {each.variable.name.value for each in operations[0].variable_definitions or ()}
    if declared - {SUBJECT}:
        raise Unanswerable(f"The only variable is ${SUBJECT}.")
    if not declared:
        return None
    fields = [each for each in operations[0].selection_set.selections if isinstance(each, FieldNode)]
    return tuple(each.name.value for each in fields if _takes_subject(each))


def _takes_subject(field: FieldNode) -> bool:
    return any(isinstance(each.value, VariableNode) and each.value.name.value == SUBJECT for each in field.arguments or ())
