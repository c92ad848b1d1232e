"""The provider's addresses on the accounts host: let an app in, and what apps themselves ask."""

from typing import Any

from allauth.core.exceptions import RateLimited
from allauth.core.internal import ratelimit
from allauth.idp.oidc.internal.oauthlib.utils import convert_response, extract_params, get_validator_context
from allauth.idp.oidc.internal.resources import get_resources
from allauth.idp.oidc.models import Client
from allauth.idp.oidc.views import AuthorizationView, _ClientHttpResponseRedirect
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET, require_http_methods, require_POST
from oauthlib.oauth2.rfc6749 import errors
from oauthlib.openid.connect.core.exceptions import ConsentRequired, LoginRequired

from tessera.access.scopes import scopes_offered
from tessera.accounts.addresses import accounts_url
from tessera.accounts.oauth.adapter import ProviderAdapter
from tessera.accounts.oauth.forms import ConsentForm
from tessera.accounts.oauth.provider import server
from tessera.accounts.oauth.targets import target_of, tenants_for
from tessera.context import TenantRef

PATH = "/identity/o"


class Consent(AuthorizationView):
    """Ask whoever is signed in whether an app may come in, and to which company; apps of our own are let in unasked."""

    form_class = ConsentForm
    template_name = "accounts/consent.html"

    def get(self, request: HttpRequest, *arguments: Any, **options: Any) -> HttpResponse:
        response = self._login_required(request)
        if response is not None:
            return response
        try:
            self._scopes, self._request_info = server()[0].validate_authorization_request(*extract_params(request))
            asked = self._request_info["request"]
            self._request_info["resources"] = get_resources(request)
            self._check(asked)
        except (errors.FatalClientError, ValidationError) as error:
            return render(request, "accounts/consent_refused.html", {"error": error}, status=400)
        except errors.OAuth2Error as error:
            return _ClientHttpResponseRedirect(error.in_uri(error.redirect_uri or self._request_info["redirect_uri"]))
        if asked.client.skip_consent and len(self._tenants()) == 1:
            return self._skip_consent()
        return self.render_to_response(self.get_context_data())

    def _check(self, asked: Any) -> None:
        """Refuse what OAuth leaves to the provider: another PKCE than S256, silence where somebody must be asked, nowhere to go."""
        if asked.code_challenge_method != "S256":
            raise errors.InvalidRequestError(description="PKCE with S256 is required.", request=asked)
        if not self.request.user.is_authenticated:
            raise LoginRequired(request=asked)
        tenants = self._tenants()
        if "none" in (self._request_info.get("prompt") or ()) and not (asked.client.skip_consent and len(tenants) == 1):
            raise ConsentRequired(request=asked)
        if not tenants and self._request_info["resources"]:
            raise _NoSuchCompany(request=asked)

    def _tenants(self) -> list[TenantRef]:
        client = Client.objects.get(pk=self._request_info["client_id"])
        return tenants_for(self.request.user, client, self._request_info.get("resources") or ())

    def _skip_consent(self) -> HttpResponse:
        form_kwargs = self.get_form_kwargs()
        form_kwargs["data"] = {"request": "unasked", "tenant": self._tenants()[0].id.hex}
        form = self.form_class(**form_kwargs)
        return self.form_valid(form) if form.is_valid() else self.form_invalid(form)

    def get_form_kwargs(self) -> dict[str, Any]:
        return super().get_form_kwargs() | {"tenants": self._tenants()}

    def form_valid(self, form: ConsentForm) -> HttpResponse:
        tenant = next(each for each in self._tenants() if each.id.hex == form.cleaned_data["tenant"])
        get_validator_context().requested_resources = [target_of(tenant, self.request.user)]
        credentials = {name: value for name, value in self._request_info.items() if name != "resources"}
        credentials["user"] = self.request.user
        asked = extract_params(self.request)
        try:
            made = server()[0].create_authorization_response(*asked, scopes=form.cleaned_data["scopes"], credentials=credentials)
        except errors.FatalClientError as error:
            return render(self.request, "accounts/consent_refused.html", {"error": error}, status=400)
        return convert_response(*made)

    def get_context_data(self, **more: Any) -> dict[str, Any]:
        titles = scopes_offered()
        shown = {"granted": [titles.get(each, each) for each in self._scopes], "tenants": self._tenants()}
        return super().get_context_data(**more) | shown


class _NoSuchCompany(errors.OAuth2Error):
    error = "invalid_target"
    description = "The account is no member of the company that is asked for, or the app is not for it."


consent = never_cache(Consent.as_view())


@csrf_exempt
@never_cache
@require_POST
def token(request: HttpRequest) -> HttpResponse:
    """Give an app the secrets of a device, for a code or for the latest refresh token."""
    try:
        ratelimit.consume(request=request, app="allauth.idp.oidc", action="token", raise_exception=True)
        get_validator_context().requested_resources = get_resources(request)
        return convert_response(*server()[0].create_token_response(*extract_params(request)))
    except RateLimited:
        return JsonResponse({"error": "temporarily_unavailable"}, status=429, headers={"Retry-After": "60"})
    except ValidationError as error:
        return JsonResponse({"error": "invalid_target", "error_description": " ".join(error.messages)}, status=400)
    except errors.OAuth2Error as error:
        return HttpResponse(error.json, status=error.status_code, content_type="application/json", headers=error.headers)


@csrf_exempt
@never_cache
@require_POST
def revoke(request: HttpRequest) -> HttpResponse:
    """Sign a device out, for the app that is signed in on it."""
    return convert_response(*server()[0].create_revocation_response(*extract_params(request)))


@csrf_exempt
@never_cache
@require_http_methods(["GET", "POST"])
def userinfo(request: HttpRequest) -> HttpResponse:
    """Tell an app who is signed in to it."""
    try:
        return convert_response(*server()[0].create_userinfo_response(*extract_params(request)))
    except errors.OAuth2Error as error:
        return HttpResponse(error.json, status=error.status_code, content_type="application/json", headers=error.headers)


@require_GET
def configuration(request: HttpRequest) -> HttpResponse:
    """Tell what there is, as OpenID Connect Discovery and RFC 8414 have it."""
    told = {
        "issuer": ProviderAdapter().get_issuer(),
        "authorization_endpoint": accounts_url(f"{PATH}/authorize"),
        "token_endpoint": accounts_url(f"{PATH}/api/token"),
        "revocation_endpoint": accounts_url(f"{PATH}/api/revoke"),
        "userinfo_endpoint": accounts_url(f"{PATH}/api/userinfo"),
        "jwks_uri": accounts_url("/.well-known/jwks.json"),
        "scopes_supported": list(scopes_offered()),
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "grant_types_supported": ["authorization_code", "refresh_token"],
        "code_challenge_methods_supported": ["S256"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post", "none"],
        "claims_supported": ["sub", "name", "locale", "email", "email_verified"],
    }
    return JsonResponse(told, headers={"Access-Control-Allow-Origin": "*", "Cache-Control": "max-age=3600"})
