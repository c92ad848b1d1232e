"""Answers made smaller for clients that take it, with Brotli or gzip.

A page of somebody else can have no answer compressed beside a secret of ours: it cannot send the header or the credential that
the API asks for.
"""

import gzip

import brotli
from django.http import HttpRequest, HttpResponse
from django.utils.cache import patch_vary_headers

WORTH_IT = 1_400  # bytes: what fits into one packet is not made smaller
BROTLI_QUALITY, GZIP_LEVEL = 4, 5


def compress(request: HttpRequest, response: HttpResponse) -> HttpResponse:
    """Return the response in the best coding that the client accepts, with its length."""
    patch_vary_headers(response, ("Accept-Encoding",))
    coding = coding_for(request.META.get("HTTP_ACCEPT_ENCODING", ""))
    if coding and len(response.content) >= WORTH_IT:
        content = response.content
        response.content = (
            brotli.compress(content, quality=BROTLI_QUALITY) if coding == "br" else gzip.compress(content, GZIP_LEVEL)
        )
        response["Content-Encoding"] = coding
    response["Content-Length"] = len(response.content)  # without it the server sends the answer in chunks
    return response


def coding_for(accepted: str) -> str:
    """Return "br", "gzip" or "" for an Accept-Encoding header; what has the quality 0 is not accepted."""
    taken = {}
    for part in accepted.lower().split(","):
        name, _, quality = part.replace(" ", "").partition(";q=")
        taken[name] = quality not in ("0", "0.0", "0.00", "0.000")
    return next((coding for coding in ("br", "gzip") if taken.get(coding, taken.get("*", False))), "")
