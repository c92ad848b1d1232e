"""The accounts host's addresses for signing in, joining and switching."""

from allauth.idp.oidc.views import jwks
from allauth.urls import urlpatterns as allauth_patterns
from django.urls import include, path
from django.views.generic import RedirectView

from tessera.accounts.hosts import accounts_host, one_transaction, wrapped
from tessera.accounts.oauth import views as oauth
from tessera.accounts.views import api, devices, join, switch

# Under the names by which django-allauth's own views find each other.
PROVIDER = [
    path(".well-known/jwks.json", jwks, name="jwks"),
    path("identity/o/authorize", oauth.consent, name="authorization"),
    path("identity/o/api/token", oauth.token, name="token"),
    path("identity/o/api/revoke", oauth.revoke, name="revoke"),
    path("identity/o/api/userinfo", oauth.userinfo, name="userinfo"),
]
urlpatterns = wrapped(
    [
        path("api/login", api.login, name="api_login"),
        path("switch", switch.choose_tenant, name="switch"),
        path("switch/<uuid:tenant_id>", switch.switch_to, name="switch_to"),
        path("join/<uuid:tenant_id>/<str:token>", join.join, name="join"),
        path("account/devices", devices.devices, name="account_devices"),
        path("account/signup/", RedirectView.as_view(url="/signup"), name="company_signup"),
        path(".well-known/openid-configuration", oauth.configuration, name="openid_configuration"),
        path(".well-known/oauth-authorization-server", oauth.configuration, name="oauth_configuration"),
        path("", include(([path("", include((PROVIDER, "oidc")))], "idp"))),
        path("account/", include(wrapped(allauth_patterns, one_transaction))),
    ],
    accounts_host,
)
