"""The URL map: the API and the server-rendered pages."""

from django.urls import include, path

urlpatterns = [
    path("", include("frontend_api.urls")),
    path("", include("billing.urls")),
    path("", include("tenants.urls")),
    path("", include("tessera.accounts.urls")),
    path("", include("tessera.accounts.operators.urls")),
    path("", include("tessera.accounts.tenant_urls")),
]
