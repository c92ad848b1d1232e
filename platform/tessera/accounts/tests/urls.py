"""The product's addresses, and one that says who asks."""

from django.http import HttpRequest, JsonResponse
from django.urls import include, path
from django.views.decorators.csrf import csrf_exempt

from tessera.context import current


@csrf_exempt
def whoami(request: HttpRequest) -> JsonResponse:
    """Say who the actor of the request is."""
    actor = current().actor
    return JsonResponse({"kind": actor.kind, "name": actor.name, "rights": sorted(actor.grants)})


urlpatterns = [
    path("whoami", whoami),
    path("", include("tessera.urls")),
]
