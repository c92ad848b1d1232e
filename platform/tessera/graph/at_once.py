"""Answer a request in one trip to the database, which also shows that its sender is still who was known a moment ago.

The statement that reads what is asked for tells the rows of the credential as well, so both are of the same moment; the account, whose
row is public, is asked on its own connection meanwhile. Nothing that was read is given away where the rows tell something else.
"""

from graphql import OperationType

from tessera.budget import Budget
from tessera.context import current
from tessera.db.prepared import Proof
from tessera.graph.answers import WHOLE, Request, Response, by_statement, charged, documents, needs_of_variables
from tessera.graph.documents import Document
from tessera.graph.limits import check_variables
from tessera.graph.needs import whole_schema
from tessera.graph.sent import Changed
from tessera.graph.statements import Call, Found

FEW = 100  # values in variables: to look through more takes longer than the trip that is saved


def answer_at_once(request: Request, budget: Budget, proof: Proof) -> Response | None:
    """Answer in the tenant that is entered and as the actor that `proof` is of.

    None where the answer is not one known statement, or where the proof no longer holds: who sends the request has to be found out
    first then. ApiError is raised for what is refused before anything is read.
    """
    document = documents.kept(WHOLE, request.text)
    known = _known(document, request) if document else None
    if known is None:
        return None
    call, found = known
    try:
        return charged(budget, call.cost, lambda: _read(call, found, proof))
    except (Changed, _Planned):
        return None


def _known(document: Document, request: Request) -> tuple[Call, Found] | None:
    """Return the statement of a request with its values, None where one is to be made first, or where the request does more than read."""
    on, operation = current().modules, document.operation(request.operation)
    if operation.operation is not OperationType.QUERY or document.introspective or document.deprecated:
        return None
    if not document.needs <= on or check_variables(request.variables) > FEW or not needs_of_variables(document, request) <= on:
        return None
    reading = document.reading(whole_schema(), request.operation)
    variables = reading.coerced(request.variables)
    if variables is None:
        return None
    call = reading.call(variables)
    found = call.find(variables)
    return (call, found) if found else None


class _Planned(Exception):
    """Raised where the rows need the plan."""


def _read(call: Call, found: Found, proof: Proof) -> dict:
    body = by_statement(call, found, proof)
    if body is None:
        raise _Planned
    return body
