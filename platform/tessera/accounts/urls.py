"""The accounts host's addresses for signing in, joining and switching."""

from allauth.urls import urlpatterns as allauth_patterns
from django.urls import include, path
from django.views.generic import RedirectView

from tessera.accounts.hosts import accounts_host, one_transaction, wrapped
from tessera.accounts.views import api, join, switch

urlpatterns = wrapped(
    [
        path("api/login", api.login, name="api_login"),
        path("switch", switch.choose_tenant, name="switch"),
        path("switch/<uuid:tenant_id>", switch.switch_to, name="switch_to"),
        path("join/<uuid:tenant_id>/<str:token>", join.join, name="join"),
        path("account/signup/", RedirectView.as_view(url="/signup"), name="company_signup"),
        path("account/", include(wrapped(allauth_patterns, one_transaction))),
    ],
    accounts_host,
)
