"""Signing in: django-allauth on the accounts host, its limits, and an OpenID provider if one is named."""

import os

ACCOUNT_APPS = [
    "tessera.accounts.oauth",
    "tessera.accounts",  # before allauth: its templates replace theirs
    "django.contrib.admin.apps.SimpleAdminConfig",  # its site is ours alone: nothing registers itself there
    "django.contrib.humanize",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.socialaccount",
    "allauth.socialaccount.providers.openid_connect",
    "allauth.idp.oidc",
]
ACCOUNT_LABELS = frozenset(
    {
        "accounts",
        "operators",
        "admin",
        "oauth",
        "humanize",
        "account",
        "mfa",
        "socialaccount",
        "openid_connect",
        "allauth_idp_oidc",
    }
)
ACCOUNT_MIDDLEWARE = [
    "tessera.accounts.middleware.AccountsHostMiddleware",
    "allauth.account.middleware.AccountMiddleware",
]
# The admin looks for these in MIDDLEWARE; the one above runs them, on the accounts host alone.
SILENCED_SYSTEM_CHECKS = ["admin.E408", "admin.E409", "admin.E410"]
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {
        "NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator",
        "OPTIONS": {"user_attributes": ["email", "name"]},
    },
    {"NAME": "tessera.accounts.passwords.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "switch"

ACCOUNT_ADAPTER = "tessera.accounts.adapter.AccountAdapter"
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*", "password2*"]
ACCOUNT_EMAIL_VERIFICATION = "mandatory"
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
ACCOUNT_EMAIL_NOTIFICATIONS = True
ACCOUNT_SESSION_REMEMBER = True
ACCOUNT_REAUTHENTICATION_REQUIRED = True
ACCOUNT_LOGOUT_REDIRECT_URL = "account_login"
ALLAUTH_TRUSTED_PROXY_COUNT = int(os.environ.get("TESSERA_TRUSTED_PROXIES", "0"))  # whose X-Forwarded-For is believed

MFA_ADAPTER = "tessera.accounts.adapter.MFAAdapter"
MFA_FORMS = {"add_webauthn": "tessera.accounts.forms.AddPasskeyForm"}
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_TOTP_ISSUER = "Tessera"
MFA_TOTP_TOLERANCE = 1  # periods: clocks of telephones go wrong

IDP_OIDC_ADAPTER = "tessera.accounts.oauth.adapter.ProviderAdapter"
IDP_OIDC_RATE_LIMITS = {"token": "300/m/ip"}  # checking the secret of a confidential app is dear on purpose
IDP_OIDC_PRIVATE_KEYS: list[dict] = []  # what id tokens are signed with, the first one; production and `make up` have their own

SOCIALACCOUNT_ADAPTER = "tessera.accounts.adapter.SocialAdapter"
SOCIALACCOUNT_EMAIL_AUTHENTICATION = True  # the operator trusts the one provider it names
SOCIALACCOUNT_EMAIL_AUTHENTICATION_AUTO_CONNECT = True
SOCIALACCOUNT_STORE_TOKENS = False
SOCIALACCOUNT_PROVIDERS = {"openid_connect": {"OAUTH_PKCE_ENABLED": True, "APPS": []}}
if _server := os.environ.get("TESSERA_OIDC_URL"):
    SOCIALACCOUNT_PROVIDERS["openid_connect"]["APPS"] = [
        {
            "provider_id": "oidc",
            "name": os.environ.get("TESSERA_OIDC_NAME", "OpenID"),
            "client_id": os.environ["TESSERA_OIDC_CLIENT_ID"],
            "secret": os.environ["TESSERA_OIDC_CLIENT_SECRET"],
            "settings": {"server_url": _server},
        }
    ]
