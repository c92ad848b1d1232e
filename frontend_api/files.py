"""Files over HTTP: one is attached to a record by a form, and comes back as a download, never as a page of ours."""

from collections.abc import Callable
from functools import wraps
from typing import Any
from uuid import UUID

import orjson
from django.conf import settings
from django.core.exceptions import BadRequest, RequestDataTooBig, SuspiciousOperation
from django.http import FileResponse, HttpRequest, HttpResponse
from django.http.multipartparser import MultiPartParserError
from django.views.decorators.csrf import csrf_exempt
from tessera.context import current_or_none
from tessera.errors import ApiError, Code, NotFound
from tessera.graph.answers import unauthenticated
from tessera.graph.failures import shown
from tessera.graph.ids import encode
from tessera.notes.selectors import open_attachment
from tessera.notes.services import attach_file

STATUS = {
    Code.BAD_INPUT: 400,
    Code.UNAUTHENTICATED: 401,
    Code.FORBIDDEN: 403,
    Code.NOT_FOUND: 404,
    Code.CONFLICT: 409,
    Code.TOO_COMPLEX: 413,
    Code.RATE_LIMITED: 429,
}
FORM = 64 * 1024  # what the form around the file may take


def answered(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Answer errors as GraphQL shows them, with an HTTP status; let only people of the tenant in."""

    @csrf_exempt
    @wraps(view)
    def run(request: HttpRequest, **options: Any) -> HttpResponse:
        try:
            here = current_or_none()
            if here is None:
                raise NotFound
            if here.actor.kind == "anonymous":
                raise unauthenticated()
            return view(request, **options)
        except Exception as error:
            body = shown(error)
            code = Code(body["extensions"]["code"])
            return _json({"errors": [body]}, STATUS.get(code, 500))

    return run


def _json(body: dict[str, Any], status: int) -> HttpResponse:
    headers = {"Cache-Control": "no-store"}
    return HttpResponse(orjson.dumps(body), status=status, content_type="application/json; charset=utf-8", headers=headers)


@answered
def upload(request: HttpRequest) -> HttpResponse:
    """POST /files: a form with `label`, `record` and `file`; answers the id and what was found out about the file.

    Another site can make a browser send a form, so a request with cookies carries `X-Tessera-Request`.
    """
    if request.method != "POST":
        return HttpResponse(status=405, headers={"Allow": "POST"})
    if request.COOKIES and "Authorization" not in request.headers and "X-Tessera-Request" not in request.headers:
        raise ApiError(Code.FORBIDDEN, "Send the header X-Tessera-Request.")
    if int(request.META.get("CONTENT_LENGTH") or 0) > settings.TESSERA_ATTACHMENT_BYTES + FORM:
        raise ApiError(Code.TOO_COMPLEX, f"A file has at most {settings.TESSERA_ATTACHMENT_BYTES} bytes.", field=["file"])
    try:
        form, files = request.POST, request.FILES
    except (MultiPartParserError, RequestDataTooBig, SuspiciousOperation, BadRequest):
        raise ApiError(Code.BAD_INPUT, "Send multipart/form-data.") from None
    if (file := files.get("file")) is None:
        raise ApiError(Code.BAD_INPUT, "There is no file.", field=["file"])
    try:
        record = UUID(form.get("record", ""))
    except ValueError:
        raise ApiError(Code.BAD_INPUT, "This is no key of a record.", field=["record"]) from None
    made = attach_file(label=form.get("label", ""), record=record, name=file.name, content=file)
    told = {"id": encode("Attachment", made.pk), "url": f"/files/{made.pk}", "name": made.name}
    return _json({**told, "mediaType": made.media_type, "size": made.size, "sha256": made.sha256}, 201)


@answered
def download(request: HttpRequest, attachment: UUID) -> Any:
    """GET /files/<key>: the bytes, for whoever may see the record that they hang on."""
    if request.method not in ("GET", "HEAD"):
        return HttpResponse(status=405, headers={"Allow": "GET, HEAD"})
    row, content = open_attachment(attachment=attachment)
    response = FileResponse(content, as_attachment=True, filename=row.name, content_type=row.media_type)
    response["X-Content-Type-Options"] = "nosniff"
    response["Content-Security-Policy"] = "sandbox; default-src 'none'"
    response["Cache-Control"] = "private, no-store"
    return response
