"""Lists as files over HTTP."""

from typing import Any

import orjson
from django.http import HttpRequest, HttpResponse
from tessera.context import current
from tessera.errors import ApiError, Code
from tessera.graph.export import export_csv

from frontend_api.files import answered
from frontend_api.views import budget_for


@answered
def export(request: HttpRequest, plural: str) -> HttpResponse:
    """GET /export/<list>.csv: the rows of a list as CSV; `filter` (JSON) and `search` are those of the list."""
    if request.method not in ("GET", "HEAD"):
        return HttpResponse(status=405, headers={"Allow": "GET, HEAD"})
    text = export_csv(
        plural=plural,
        filter=_filter(request.GET.get("filter", "")),
        search=request.GET.get("search", ""),
        budget=budget_for(request, current()),
    )
    response = HttpResponse(text.encode("utf-8-sig"), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{plural}.csv"'
    response["X-Content-Type-Options"] = "nosniff"
    response["Cache-Control"] = "private, no-store"
    return response


def _filter(text: str) -> dict[str, Any] | None:
    if not text:
        return None
    try:
        found = orjson.loads(text)
    except orjson.JSONDecodeError:
        found = None
    if not isinstance(found, dict):
        raise ApiError(Code.BAD_INPUT, "A filter is a JSON object.", field=["filter"])
    return found
