"""POST /graphql: the tenant's API on its host, the small accounts API on the accounts host.

The tenant is entered by the middleware. Who sends a request is asked here. Where somebody showed the same credential a moment ago, the
request is read first: what the schema or the points refuse is refused whoever sends it, and worth no question to the database; and
where the answer is one known statement, that statement also shows whether the credential is still good.
"""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from tessera.accounts.authentication import authenticate, recall, refused
from tessera.accounts.recalled import Identity
from tessera.budget import Budget, budget_of
from tessera.context import Actor, Context, acting, current, current_or_none
from tessera.errors import ApiError, Code
from tessera.graph.answers import Response, answer, answer_here, wrong
from tessera.graph.at_once import answer_at_once
from tessera.graph.giving_way import answering, rest
from tessera.graph.requests import Parsed, Request, parse_here

from frontend_api.accounts_api import ACCOUNTS, schema_for_accounts
from frontend_api.compression import compress
from frontend_api.http import JSON, Unacceptable, failed, media_type, read, reply
from frontend_api.persisted import document_of

SMALL = 10_000  # bytes of a request that is free to be read
BYTES_A_POINT = 100  # of a larger one
SAME_FOR_ALL = (Code.RATE_LIMITED, Code.TOO_COMPLEX, Code.BAD_INPUT)  # refusals that no right and no row decides


@csrf_exempt
def graphql(request: HttpRequest) -> HttpResponse:
    """Answer one GraphQL request over HTTP."""
    kind = media_type(request)
    with answering():
        try:
            response = _respond(request, kind)
        except Exception as error:
            rest()  # whoever is not refused goes first
            response = failed(error, kind or JSON)
        return compress(request, response)


def _respond(request: HttpRequest, kind: str | None) -> HttpResponse:
    if kind is None:
        raise Unacceptable(406, "application/json and application/graphql-response+json are offered.")
    context = current_or_none()
    if context is None:
        return reply(answer(schema_for_accounts(), ACCOUNTS, _named(request, read(request), None)), kind)
    sent = Sent(request)
    try:
        identity = recall(request)
    except ApiError as error:
        return refused(request, error)
    if identity and (response := _at_once(sent, identity)):
        return reply(response, kind)
    try:
        actor = authenticate(request, context.tenant)
    except ApiError as error:
        return refused(request, error)
    with acting(actor):
        return reply(sent.answer(), kind)


def _at_once(sent: "Sent", identity: Identity) -> Response | None:
    """Answer as whoever showed the credential before, while it proves itself; None where that cannot be, and nothing was told."""
    with acting(identity.actor):
        try:
            parsed = sent.parse()
            if parsed.errors:
                return wrong(parsed.errors)
            response = answer_at_once(parsed, sent.budget, identity.proof)
        except ApiError as error:
            if error.code in SAME_FOR_ALL:
                raise
            return None  # it is told to whoever it turns out to be
    return response and sent.settled(response)


class Sent:
    """A request in the tenant that is entered: read and charged once, though it may be looked at before and after its sender is known.

    A large one is charged before it is read, and what that was is given back where it is run.
    """

    budget: Budget

    def __init__(self, http: HttpRequest) -> None:
        self.http = http
        self._asked: dict[str, Any] | None = None
        self._parsed: Parsed | None = None
        self._points = 0

    def parse(self) -> Parsed:
        """Return it parsed, for the actor in force; raise Unacceptable, Invalid or ApiError."""
        self._parsed = parse_here(self._request(), self.budget)
        return self._parsed

    def answer(self) -> Response:
        """Answer it to the actor in force; raise Unacceptable or ApiError."""
        request, parsed = self._request(), self._parsed
        if parsed and parsed.request.text != request.text:
            parsed = None
        return self.settled(answer_here(request, self.budget, parsed))

    def settled(self, response: Response) -> Response:
        """Return a response, with the points for what was read given back where it was run."""
        if response.executed and self._points:
            self.budget.settle(self._points, 0)
        return response

    def _request(self) -> Request:
        context = current()
        self.budget = budget_for(self.http, context)
        if self._asked is None:
            self._asked = read(self.http, self._charge)
        return _named(self.http, self._asked, context.actor)

    def _charge(self, size: int) -> None:
        if size > SMALL:
            points = min(size // BYTES_A_POINT, self.budget.most // 2)
            self.budget.take(points)
            self._points = points
            rest()  # since JSON is read in one go


def _named(request: HttpRequest, asked: dict[str, Any], actor: Actor | None) -> Request:
    text = document_of(asked, actor)
    return Request(text, asked.get("variables") or {}, asked.get("operationName"), request, reads=request.method == "GET")


def budget_for(request: HttpRequest, context: Context) -> Budget:
    """Return the buckets that a request is charged to."""
    actor = context.actor
    person = actor.member_id.hex if actor.member_id else request.META.get("REMOTE_ADDR", "")
    token = actor.token_id.hex if actor.token_id else ""
    return budget_of(tenant=context.tenant, person=person, token=token, app=actor.app, stranger=actor.member_id is None)
