"""GraphQL over HTTP: what a request must look like, and in which form it is answered.

A POST brings `application/json`: a page of somebody else cannot send it without asking first. A GET may only
read. A request that brings cookies and no Authorization header must carry `X-Tessera-Request` as well.
"""

from collections.abc import Callable
from typing import Any

import orjson
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from tessera.errors import Code
from tessera.graph.answers import Response, wrong
from tessera.graph.documents import Invalid
from tessera.graph.failures import shown

GRAPHQL, JSON = "application/graphql-response+json", "application/json"
BODY = 1_048_576
PARAMETERS = {"query": str, "operationName": str, "documentId": str, "variables": dict, "extensions": dict}
STATUS = {Code.UNAUTHENTICATED: 401, Code.FORBIDDEN: 403, Code.RATE_LIMITED: 429, Code.TIMEOUT: 504, Code.INTERNAL: 500}


class Unacceptable(Exception):
    """Raised for a request that is no well-formed GraphQL request; answered with its HTTP status."""

    def __init__(self, status: int, message: str, code: Code = Code.BAD_INPUT, **headers: str) -> None:
        super().__init__(message)
        self.status, self.message, self.code, self.headers = status, message, code, headers


def media_type(request: HttpRequest) -> str | None:
    """Return the best media type that the client accepts; None when it accepts neither."""
    best, weight = None, 0.0
    for part in request.META.get("HTTP_ACCEPT", "*/*").split(","):
        kind, *parameters = (piece.strip().lower() for piece in part.split(";"))
        offered = {GRAPHQL: GRAPHQL, JSON: JSON, "application/*": JSON, "*/*": JSON}.get(kind)
        quality = next((_quality(each) for each in parameters if each.startswith("q=")), 1.0)
        if offered and quality > weight:
            best, weight = offered, quality
    return best


def _quality(parameter: str) -> float:
    try:
        return float(parameter[2:])
    except ValueError:
        return 0.0


def length_of(request: HttpRequest) -> int:
    """Return how many bytes a request says that its body has; raise Unacceptable."""
    try:
        return int(request.META.get("CONTENT_LENGTH") or 0)
    except ValueError:
        raise Unacceptable(400, "Content-Length is no number.") from None


def free(_size: int) -> None:
    """Charge nothing for what is read."""


def read(request: HttpRequest, charge: Callable[[int], None] = free) -> dict[str, Any]:
    """Return the parameters of the GraphQL request in an HTTP request; raise Unacceptable.

    `charge` is called with the number of bytes before anything is made of them, and where it was said before they are read.
    """
    if request.method not in ("GET", "POST"):
        raise Unacceptable(405, "Use POST, or GET to read.", Allow="GET, POST")
    if request.COOKIES and "HTTP_AUTHORIZATION" not in request.META and "HTTP_X_TESSERA_REQUEST" not in request.META:
        raise Unacceptable(403, "Send the header X-Tessera-Request.", Code.FORBIDDEN)
    asked = _in_query_string(request) if request.method == "GET" else _in_body(request, charge)
    for name, kind in PARAMETERS.items():
        if asked.get(name) is not None and not isinstance(asked[name], kind):
            raise Unacceptable(400, f"{name} has another form.")
    if not (asked.get("query") or asked.get("documentId") or "persistedQuery" in (asked.get("extensions") or {})):
        raise Unacceptable(400, "There is no query.")
    return asked


def _in_query_string(request: HttpRequest) -> dict[str, Any]:
    asked: dict[str, Any] = {name: text for name, text in request.GET.items() if text}
    for name in ("variables", "extensions"):
        if name in asked:
            asked[name] = _json(asked[name])
    return asked


def _in_body(request: HttpRequest, charge: Callable[[int], None]) -> dict[str, Any]:
    if request.META.get("CONTENT_TYPE", "").partition(";")[0].strip().lower() != JSON:
        raise Unacceptable(415, "Send application/json.")
    body = _json(_body(request, charge))
    if not isinstance(body, dict):
        raise Unacceptable(400, "The body is one JSON object; batches are not taken.")
    return body


def _json(text: str | bytes) -> Any:
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        raise Unacceptable(400, "This is no JSON.") from None


def _body(request: HttpRequest, charge: Callable[[int], None]) -> bytes:
    most = getattr(settings, "TESSERA_MAX_BODY", BODY)
    length = length_of(request)
    if 0 < length <= most:
        charge(length)
    body = b"" if length > most else request.read(most + 1)
    if length > most or len(body) > most:
        raise Unacceptable(413, f"The body is larger than {most} bytes.", Code.TOO_COMPLEX)
    if not length:
        charge(len(body))  # it came in chunks, and nobody said how many
    return body


def refuse(refused: Unacceptable, kind: str) -> HttpResponse:
    """Return the HTTP response to a request that is no GraphQL request."""
    error = {"message": refused.message, "extensions": {"code": refused.code.value}}
    return _http({"errors": [error]}, refused.status, kind, refused.headers)


def failed(error: Exception, kind: str) -> HttpResponse:
    """Return the HTTP response to a GraphQL request that ended so; a defect is noted, and told to nobody."""
    if isinstance(error, Unacceptable):
        return refuse(error, kind)
    return reply(wrong(error.errors if isinstance(error, Invalid) else [shown(error)]), kind)


def reply(response: Response, kind: str) -> HttpResponse:
    """Return the HTTP response to a GraphQL request.

    The newer media type says 400 where nothing was run; the older one says 200 to whatever was
    well-formed. Who must sign in, or lacks a right for everything, is told by status in both.
    """
    if response.executed:
        return _http(response.body, 200, kind)
    about = response.body["errors"][0]["extensions"]
    if "retryAfter" in about:
        return _http(response.body, 429, kind, {"Retry-After": str(about["retryAfter"])})
    if response.to_be_posted:
        return _http(response.body, 405, kind, {"Allow": "POST"})
    return _http(response.body, STATUS.get(Code(about["code"]), 400 if kind == GRAPHQL else 200), kind)


def _http(body: dict[str, Any], status: int, kind: str, headers: dict[str, str] | None = None) -> HttpResponse:
    content = orjson.dumps(body)
    if len(content) > settings.TESSERA_MAX_ANSWER:
        error = {"message": f"The answer is larger than {settings.TESSERA_MAX_ANSWER} bytes. Ask for less."}
        content = orjson.dumps({"errors": [error | {"extensions": {"code": Code.TOO_COMPLEX, "limit": "answer"}}]})
    response = HttpResponse(content, status=status, content_type=f"{kind}; charset=utf-8", headers=headers)
    response["Cache-Control"] = "no-store"
    return response
