"""JSON in, JSON out, and errors in the shape and with the codes of the API."""

import json
from collections.abc import Callable
from functools import wraps
from typing import Any

from django.http import HttpRequest, JsonResponse
from django.views.decorators.csrf import csrf_exempt

from tessera.errors import ApiError, Code, Refused

STATUS = {
    Code.BAD_INPUT: 400,
    Code.UNAUTHENTICATED: 401,
    Code.FORBIDDEN: 403,
    Code.NOT_FOUND: 404,
    Code.RATE_LIMITED: 429,
}


def failure(code: Code | str, message: str, status: int | None = None, **extensions: Any) -> JsonResponse:
    """Return one error; `extensions` go beside its code."""
    error = {"message": message, "extensions": {"code": code, **extensions}}
    return JsonResponse({"errors": [error]}, status=status or STATUS[Code(code)])


def json_view(view: Callable[..., JsonResponse]) -> Callable[..., JsonResponse]:
    """Answer errors as JSON. Such a view takes nothing from cookies, so no other site can misuse them."""

    @csrf_exempt
    @wraps(view)
    def run(request: HttpRequest, *arguments: Any, **options: Any) -> JsonResponse:
        try:
            return view(request, *arguments, **options)
        except ApiError as error:
            return failure(error.code, error.message, None, **error.extensions)
        except Refused as refused:
            first = refused.problems[0]
            return failure(Code.BAD_INPUT, first.message, field=list(first.field), reason=first.code)

    return run


def body_of(request: HttpRequest, required: tuple[str, ...], optional: tuple[str, ...] = ()) -> dict[str, str]:
    """Return the strings of a JSON body; BAD_INPUT names the field that is missing, unknown or no string."""
    if request.content_type != "application/json":
        raise ApiError(Code.BAD_INPUT, "Send application/json.")
    try:
        body = json.loads(request.body)
    except (ValueError, RecursionError):
        raise ApiError(Code.BAD_INPUT, "The body is no JSON.") from None
    if not isinstance(body, dict):
        raise ApiError(Code.BAD_INPUT, "The body is no JSON object.")
    for name, value in body.items():
        if name not in (*required, *optional):
            raise ApiError(Code.BAD_INPUT, "There is no such field.", field=[name])
        if not isinstance(value, str) or "\0" in value or len(value) > 1000:
            raise ApiError(Code.BAD_INPUT, "This is no text, or it is too long.", field=[name])
    for name in required:
        if not body.get(name):
            raise ApiError(Code.BAD_INPUT, "A value is required.", field=[name])
    return body
