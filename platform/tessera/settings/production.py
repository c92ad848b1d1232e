"""Production: everything that differs comes from the environment."""

import os
from pathlib import Path

from tessera.settings.base import *  # noqa: F403
from tessera.settings.base import DATA, need
from tessera.settings.signing import signing_keys

SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SESSION_COOKIE_SECURE = True
SESSION_COOKIE_NAME = "__Host-tessera-account"
CSRF_COOKIE_SECURE = True
CSRF_COOKIE_NAME = "__Host-tessera-csrf"
BASE_DOMAIN = need("TESSERA_BASE_DOMAIN")
TESSERA_TRUSTED_ONLY = os.environ.get("TESSERA_TRUSTED_ONLY", "1") == "1"
TESSERA_OPEN_INTROSPECTION = False
IDP_OIDC_PRIVATE_KEYS = signing_keys(need("TESSERA_ID_TOKEN_KEYS"))
STATIC_ROOT = Path(os.environ.get("TESSERA_STATIC", DATA / "static"))  # `manage.py collectstatic` fills it
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},  # hashed names, kept for ever
}
WHITENOISE_USE_FINDERS = False
