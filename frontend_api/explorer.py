"""GraphiQL on a company's host, from files of our own."""

import secrets

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import urlencode
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from tessera.accounts.hosts import tenant_host
from tessera.context import current
from tessera.graph.answers import may_explore

# Only this host's files run and are spoken to: what an answer holds can neither be run nor be sent anywhere. The nonce is for
# the one style element that GraphiQL's dialogs make, which depends on the width of the scroll bar.
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'nonce-{nonce}'; img-src 'self' data:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


@tenant_host
@never_cache
@require_safe
def explorer(request: HttpRequest) -> HttpResponse:
    """Show the schema and a place to try documents, to members who may ask for the schema; others sign in first."""
    if current().actor.member_id is None:
        return HttpResponseRedirect(f"{reverse('session_start')}?{urlencode({'next': request.path})}")
    if not may_explore():
        raise PermissionDenied
    nonce = secrets.token_urlsafe(16)
    response = render(request, "frontend_api/explorer.html", {"company": current().tenant.name, "nonce": nonce})
    response["Content-Security-Policy"] = POLICY.format(nonce=nonce)
    return response
