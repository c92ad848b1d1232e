"""Tests: fast hashing, mail kept in memory, everything else as in production."""

from uuid import uuid4

from tessera.settings.base import *  # noqa: F403
from tessera.settings.base import DATA, INSTALLED_APPS
from tessera.settings.signing import local_key, signing_keys

IDP_OIDC_PRIVATE_KEYS = signing_keys(str(local_key(DATA / "id_token.pem")))
INSTALLED_APPS += ["tests.samples.library.apps.Library", "tests.samples.lending.apps.Lending"]

CACHES["default"]["KEY_PREFIX"] = f"test:{uuid4()}"  # noqa: F405  (limits of one run do not count in the next)
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = True
TESSERA_LETTERS_AN_HOUR = {"company": 1_000_000, "address": 1_000_000}  # the same people are invited in many tests
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
WHITENOISE_AUTOREFRESH = True  # each test client makes the middleware anew, which looks through all static files otherwise
EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
TESSERA_SHARE_OF_STRANGERS = 2_000  # as in development
STRIPE_API_KEY, STRIPE_WEBHOOK_SECRET = "sk_test_local", "whsec_local"
STRIPE_API_BASE = "http://127.0.0.1:9"  # nobody is there: a test that needs a Stripe names its own
