"""Development: what `make up` runs."""

from tessera.settings.base import *  # noqa: F403

DEBUG = False
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = True  # browsers allow passkeys on localhost without TLS
EMAIL_BACKEND = "django.core.mail.backends.filebased.EmailBackend"
EMAIL_FILE_PATH = DATA / "mail"  # noqa: F405
