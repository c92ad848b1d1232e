"""What both peers answer: the view of graphene-django, and that they are up."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.urls import path
from django.views.decorators.csrf import csrf_exempt

# allow raw-list: this is the peer that we are measured beside; it serves nothing of ours
from graphene_django.views import GraphQLView


def paths(schema: Any) -> list[Any]:
    """Return the paths of a peer."""
    return [path("graphql", csrf_exempt(GraphQLView.as_view(schema=schema))), path("health", _health)]


def _health(_request: HttpRequest) -> HttpResponse:
    return HttpResponse("ok")
