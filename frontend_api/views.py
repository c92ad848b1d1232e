"""POST /graphql: the tenant's API on its host, the small accounts API on the accounts host.

The tenant and the actor are entered by the middleware; nothing here decides about either.
"""

from dataclasses import replace

from django.http import HttpRequest, HttpResponse
from django.utils import translation
from django.views.decorators.csrf import csrf_exempt
from tessera.budget import Budget, budget_of
from tessera.context import Context, current_or_none
from tessera.graph.answers import Request, Response, answer
from tessera.graph.failures import masked
from tessera.graph.schemas import schema_for

from frontend_api.accounts_api import ACCOUNTS, schema_for_accounts
from frontend_api.http import JSON, Unacceptable, media_type, read, refuse, reply


@csrf_exempt
def graphql(request: HttpRequest) -> HttpResponse:
    """Answer one GraphQL request over HTTP."""
    kind = media_type(request)
    if kind is None:
        return refuse(Unacceptable(406, "application/json and application/graphql-response+json are offered."), JSON)
    try:
        asked = read(request)
    except Unacceptable as refused:
        return refuse(refused, kind)
    with translation.override(language_of(request)):
        try:
            response = reply(_answer(request, asked), kind)
        except Exception as defect:
            response = reply(Response({"errors": [masked(defect)]}, executed=False), kind)
    return response


def language_of(request: HttpRequest) -> str:
    """Return the language that the client asks for, else the company's."""
    context = current_or_none()
    if context is None or "Accept-Language" in request.headers:
        return translation.get_language_from_request(request)
    return context.tenant.language


def _answer(request: HttpRequest, asked: Request) -> Response:
    context = current_or_none()
    if context is None:
        return answer(schema_for_accounts(), ACCOUNTS, replace(asked, http=request))
    return answer(schema_for(context.modules), context.modules, asked, budget_for(request, context))


def budget_for(request: HttpRequest, context: Context) -> Budget:
    """Return the buckets that a request is charged to."""
    actor = context.actor
    person = actor.member_id.hex if actor.member_id else request.META.get("REMOTE_ADDR", "")
    token = actor.token_id.hex if actor.token_id else ""
    return budget_of(tenant=context.tenant.id.hex, person=person, token=token, stranger=actor.member_id is None)
