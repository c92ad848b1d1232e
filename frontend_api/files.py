"""Files over HTTP: one that was announced is brought by PUT, and comes back as a download, never as a page of ours."""

from collections.abc import Callable, Iterator
from functools import wraps
from typing import Any
from uuid import UUID

import orjson
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse, UnreadablePostError
from django.utils.http import content_disposition_header
from django.views.decorators.csrf import csrf_exempt
from tessera.bulk.selectors import open_result
from tessera.context import current_or_none
from tessera.errors import ApiError, Code, NotFound
from tessera.files.selectors import announced
from tessera.files.services import receive_file
from tessera.files.services.uploads import WAITS
from tessera.files.storage import CHUNK
from tessera.graph.answers import unauthenticated
from tessera.graph.failures import shown
from tessera.graph.ids import encode
from tessera.notes.selectors import open_attachment
from tessera.signing import BadToken

STATUS = {
    Code.BAD_INPUT: 400,
    Code.UNAUTHENTICATED: 401,
    Code.FORBIDDEN: 403,
    Code.READ_ONLY: 403,
    Code.NOT_FOUND: 404,
    Code.CONFLICT: 409,
    Code.TOO_COMPLEX: 413,
    Code.RATE_LIMITED: 429,
}


def answered(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Answer errors as GraphQL shows them, with an HTTP status; let only people of the tenant in."""

    @csrf_exempt
    @wraps(view)
    def run(request: HttpRequest, **options: Any) -> HttpResponse:
        def admitted() -> HttpResponse:
            here = current_or_none()
            if here is None:
                raise NotFound
            if here.actor.kind == "anonymous":
                raise unauthenticated()
            return view(request, **options)

        return _told(admitted)

    return run


def _told(answer: Callable[[], HttpResponse]) -> HttpResponse:
    try:
        return answer()
    except Exception as error:
        body = shown(error)
        return _json({"errors": [body]}, STATUS.get(Code(body["extensions"]["code"]), 500))


def _json(body: dict[str, Any], status: int) -> HttpResponse:
    headers = {"Cache-Control": "no-store"}
    return HttpResponse(orjson.dumps(body), status=status, content_type="application/json; charset=utf-8", headers=headers)


@csrf_exempt
def upload(request: HttpRequest, token: str) -> HttpResponse:
    """PUT /uploads/<token>: the bytes of a file that was announced; the address itself says who may bring them."""
    if request.method != "PUT":
        return HttpResponse(status=405, headers={"Allow": "PUT"})
    return _told(lambda: _receive(request, token))


def _receive(request: HttpRequest, token: str) -> HttpResponse:
    if current_or_none() is None:
        raise NotFound
    try:
        key = announced(token, WAITS)
    except BadToken:
        raise NotFound from None
    try:
        row = receive_file(key=key, chunks=iter(lambda: request.read(CHUNK), b""))
    except UnreadablePostError:  # the connection broke; the same bytes may be sent again
        raise ApiError(Code.BAD_INPUT, "The bytes did not all arrive.", field=["size"]) from None
    told = {"id": encode("FileUpload", row.pk), "name": row.name, "mediaType": row.media_type, "size": row.size}
    return _json({**told, "sha256": row.sha256}, 201)


@answered
def download(request: HttpRequest, attachment: UUID) -> Any:
    """GET /files/<key>: the bytes, for whoever may see the record that they hang on."""
    if request.method not in ("GET", "HEAD"):
        return HttpResponse(status=405, headers={"Allow": "GET, HEAD"})
    row, content = open_attachment(attachment=attachment)
    return as_download(content, row.name, row.media_type, row.size)


@answered
def result(request: HttpRequest, token: str) -> Any:
    """GET /bulk/<token>: the result of a bulk operation, for whoever asked for it."""
    if request.method not in ("GET", "HEAD"):
        return HttpResponse(status=405, headers={"Allow": "GET, HEAD"})
    row, content = open_result(token=token)
    return as_download(content, row.name, row.media_type, row.size)


def as_download(content: Iterator[bytes], name: str, media_type: str, size: int) -> StreamingHttpResponse:
    """Return bytes as a download, which no browser shows as a page."""
    response = StreamingHttpResponse(content, content_type=media_type)
    response["Content-Length"] = size
    response["Content-Disposition"] = content_disposition_header(True, name)
    response["X-Content-Type-Options"] = "nosniff"
    response["Content-Security-Policy"] = "sandbox; default-src 'none'"
    response["Cache-Control"] = "private, no-store"
    return response
