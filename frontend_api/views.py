"""POST /graphql: the tenant's API on its host, the small accounts API on the accounts host.

The tenant and the actor are entered by the middleware; nothing here decides about either.
"""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from tessera.budget import Budget, budget_of
from tessera.context import Context, current_or_none
from tessera.errors import ApiError
from tessera.graph.answers import Request, Response, answer, answer_here, refusal
from tessera.graph.failures import masked

from frontend_api.accounts_api import ACCOUNTS, schema_for_accounts
from frontend_api.compression import compress
from frontend_api.http import JSON, Unacceptable, media_type, read, refuse, reply
from frontend_api.persisted import document_of


@csrf_exempt
def graphql(request: HttpRequest) -> HttpResponse:
    """Answer one GraphQL request over HTTP."""
    return compress(request, _respond(request))


def _respond(request: HttpRequest) -> HttpResponse:
    kind = media_type(request)
    if kind is None:
        return refuse(Unacceptable(406, "application/json and application/graphql-response+json are offered."), JSON)
    try:
        asked = read(request)
    except Unacceptable as refused:
        return refuse(refused, kind)
    try:
        return reply(_answer(request, asked), kind)
    except ApiError as error:
        return reply(refusal(error), kind)
    except Exception as defect:
        return reply(Response({"errors": [masked(defect)]}, executed=False), kind)


def _answer(request: HttpRequest, asked: dict[str, Any]) -> Response:
    context = current_or_none()
    text = document_of(asked, context.actor if context else None)
    named = Request(text, asked.get("variables") or {}, asked.get("operationName"), request, reads=request.method == "GET")
    if context is None:
        return answer(schema_for_accounts(), ACCOUNTS, named)
    return answer_here(named, budget_for(request, context))


def budget_for(request: HttpRequest, context: Context) -> Budget:
    """Return the buckets that a request is charged to."""
    actor = context.actor
    person = actor.member_id.hex if actor.member_id else request.META.get("REMOTE_ADDR", "")
    token = actor.token_id.hex if actor.token_id else ""
    return budget_of(tenant=context.tenant, person=person, token=token, app=actor.app, stranger=actor.member_id is None)
