"""Let a request for a stream in: host, company, member, document and points, as for any other request."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from tessera.accounts.authentication import credential_of
from tessera.changes.cursor import read_cursor
from tessera.changes.feed import read_feed
from tessera.context import current
from tessera.graph.answers import unauthenticated
from tessera.graph.requests import Request
from tessera.graph.schemas import schema_for
from tessera.graph.subscribing import Subscribed, subscribed

from frontend_api.http import GRAPHQL, Unacceptable, failed, read
from frontend_api.persisted import document_of
from frontend_api.streams.stream import Stream
from frontend_api.views import budget_for
from tenants.middleware import TenantMiddleware, unknown_host

POINTS = 10  # for opening a stream; what comes on it is read by requests that are charged


def admit(request: HttpRequest) -> Stream | HttpResponse:
    """Return the stream that a request opens, or the answer to one that is refused."""
    opened: list[Stream] = []

    def inside(request: HttpRequest) -> HttpResponse:
        if request.is_accounts_host:
            return unknown_host()
        try:
            opened.append(_open(request))
            return HttpResponse()
        except Exception as error:
            return failed(error, GRAPHQL)

    response = TenantMiddleware(inside)(request)
    return opened[0] if opened else response


def _open(request: HttpRequest) -> Stream:
    if not _takes_events(request.headers.get("Accept", "*/*")):
        raise Unacceptable(406, "text/event-stream is offered.")
    asked = read(request)
    context = current()
    credential, member = credential_of(request), context.actor.member_id
    if credential is None or member is None:
        raise unauthenticated()
    document = Request(document_of(asked, context.actor), asked.get("variables") or {}, asked.get("operationName"))
    budget_for(request, context).take(POINTS)  # before the document is read: a wrong one costs as well
    wanted = subscribed(schema_for(context.modules), context.modules, document)
    if last := request.headers.get("Last-Event-ID"):  # a line that broke goes on where it broke
        wanted = Subscribed(wanted.request, wanted.types, last)
    if wanted.since is not None:
        read_cursor(wanted.since)
    return Stream(context.tenant.id, member, credential, wanted, read_feed(None) if wanted.since is None else None)


def _takes_events(accept: str) -> bool:
    kinds: list[Any] = [part.partition(";")[0].strip().lower() for part in accept.split(",")]
    return bool({"text/event-stream", "text/*", "*/*"}.intersection(kinds))
