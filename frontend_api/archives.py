"""Archives of modules over HTTP."""

from typing import Any

from django.http import FileResponse, HttpRequest, HttpResponse

from frontend_api.files import answered
from tenants.archives import open_archive


@answered
def download(request: HttpRequest, token: str) -> Any:
    """GET /archives/<token>: the file, for whoever may purge modules, as long as the link is good."""
    if request.method not in ("GET", "HEAD"):
        return HttpResponse(status=405, headers={"Allow": "GET, HEAD"})
    archive, content = open_archive(token=token)
    response = FileResponse(content, as_attachment=True, filename=archive.name, content_type="application/zip")
    response["X-Content-Type-Options"] = "nosniff"
    response["Cache-Control"] = "private, no-store"
    return response
