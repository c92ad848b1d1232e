"""Answer a request in one trip to the database, which also shows that its sender is still who was known a moment ago.

The statement that reads what is asked for tells the rows of the credential as well, so both are of the same moment; the account, whose
row is public, is asked on its own connection meanwhile. Nothing that was read is given away where the rows tell something else.
"""

from tessera.budget import Budget
from tessera.db.prepared import Proof
from tessera.graph.answers import Response, by_statement, charged
from tessera.graph.requests import Parsed
from tessera.graph.sent import Changed
from tessera.graph.statements import Call, Found


def answer_at_once(parsed: Parsed, budget: Budget, proof: Proof) -> Response | None:
    """Answer in the tenant that is entered and as the actor that `proof` is of.

    None where the answer is not one known statement, or where the proof no longer holds: who sends the request has to be found out
    first then. ApiError is raised for what is refused before anything is read.
    """
    if not parsed.only_reads or parsed.document.deprecated:
        return None
    call = parsed.document.reading(parsed.schema, parsed.request.operation).call(parsed.variables)
    found = call.find(parsed.variables)
    if found is None:
        return None
    try:
        return charged(budget, call.cost, lambda: _read(call, found, proof))
    except (Changed, _Planned):
        return None


class _Planned(Exception):
    """Raised where the rows need the plan."""


def _read(call: Call, found: Found, proof: Proof) -> dict:
    body = by_statement(call, found, proof)
    if body is None:
        raise _Planned
    return body
