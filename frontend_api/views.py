"""POST /graphql: the tenant's API on its host, the small accounts API on the accounts host.

The tenant is entered by the middleware. Who sends a request is asked here: where somebody showed the same credential a moment ago and
the answer is one known statement, that statement also shows whether the credential is still good.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from tessera.accounts.authentication import authenticate, recall, refused
from tessera.accounts.recalled import Identity
from tessera.budget import Budget, budget_of
from tessera.context import Actor, Context, acting, current_or_none
from tessera.errors import ApiError
from tessera.graph.answers import Request, Response, answer, answer_here, refusal
from tessera.graph.at_once import answer_at_once
from tessera.graph.failures import masked
from tessera.graph.giving_way import answering

from frontend_api.accounts_api import ACCOUNTS, schema_for_accounts
from frontend_api.compression import compress
from frontend_api.http import JSON, Unacceptable, length_of, media_type, read, refuse, reply
from frontend_api.persisted import document_of

SMALL = 10_000  # bytes of a request that is free to be read
BYTES_A_POINT = 100  # of a larger one


@csrf_exempt
def graphql(request: HttpRequest) -> HttpResponse:
    """Answer one GraphQL request over HTTP."""
    with answering():
        return compress(request, _respond(request))


def _respond(request: HttpRequest) -> HttpResponse:
    kind, context = media_type(request), current_or_none()
    if context is None:
        return _answered(request, kind)
    try:
        identity = recall(request) if kind and _is_small(request) else None
        asked = read(request) if identity else None
    except ApiError as error:
        return refused(request, error)
    except Unacceptable as error:
        return refuse(error, kind or JSON)
    if kind and identity and asked and (response := _at_once(request, kind, asked, identity)):
        return response
    return _as_its_sender(request, context, partial(_answered, request, kind, asked))


def _is_small(request: HttpRequest) -> bool:
    """Say whether a request is free to be read; of one that comes in chunks nobody knows."""
    return request.method == "GET" or 0 < length_of(request) <= SMALL


def _at_once(request: HttpRequest, kind: str, asked: dict[str, Any], identity: Identity) -> HttpResponse | None:
    """Answer as whoever showed the credential before, while it proves itself; None where that cannot be, and nothing was told."""
    try:
        with acting(identity.actor) as context:
            named = _named(request, asked, identity.actor)
            response = answer_at_once(named, budget_for(request, context), identity.proof)
    except ApiError:
        return None  # it is told to whoever it turns out to be
    except Exception as defect:
        return _failed(defect, kind)
    return response and reply(response, kind)


def _as_its_sender(request: HttpRequest, context: Context, respond: Callable[[], HttpResponse]) -> HttpResponse:
    try:
        actor = authenticate(request, context.tenant)
    except ApiError as error:
        return refused(request, error)
    with acting(actor):
        return respond()


def _answered(request: HttpRequest, kind: str | None, asked: dict[str, Any] | None = None) -> HttpResponse:
    if kind is None:
        return refuse(Unacceptable(406, "application/json and application/graphql-response+json are offered."), JSON)
    try:
        context = current_or_none()
        if context is None:
            return reply(answer(schema_for_accounts(), ACCOUNTS, _named(request, read(request), None)), kind)
        size = Size(budget_for(request, context))
        named = _named(request, asked or read(request, size.charge), context.actor)
        response = answer_here(named, size.budget)
        if response.executed:
            size.give_back()
        return reply(response, kind)
    except Unacceptable as refused:
        return refuse(refused, kind)
    except ApiError as error:
        return reply(refusal(error), kind)
    except Exception as defect:
        return _failed(defect, kind)


class Size:
    """What the size of a request is worth: a large one is charged before it is read, and given back where it is run."""

    def __init__(self, budget: Budget) -> None:
        self.budget, self.points = budget, 0

    def charge(self, size: int) -> None:
        """Take the points for so many bytes; raise RATE_LIMITED."""
        if size > SMALL:
            points = min(size // BYTES_A_POINT, self.budget.most // 2)
            self.budget.take(points)
            self.points = points

    def give_back(self) -> None:
        """Give back what was taken."""
        if self.points:
            self.budget.settle(self.points, 0)


def _failed(defect: Exception, kind: str) -> HttpResponse:
    return reply(Response({"errors": [masked(defect)]}, executed=False), kind)


def _named(request: HttpRequest, asked: dict[str, Any], actor: Actor | None) -> Request:
    text = document_of(asked, actor)
    return Request(text, asked.get("variables") or {}, asked.get("operationName"), request, reads=request.method == "GET")


def budget_for(request: HttpRequest, context: Context) -> Budget:
    """Return the buckets that a request is charged to."""
    actor = context.actor
    person = actor.member_id.hex if actor.member_id else request.META.get("REMOTE_ADDR", "")
    token = actor.token_id.hex if actor.token_id else ""
    return budget_of(tenant=context.tenant, person=person, token=token, app=actor.app, stranger=actor.member_id is None)
