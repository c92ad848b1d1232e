"""Development: what `make up` runs."""

import os
from pathlib import Path

from tessera.settings.base import *  # noqa: F403

DEBUG = False
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = True  # browsers allow passkeys on localhost without TLS
EMAIL_BACKEND = "django.core.mail.backends.filebased.EmailBackend"
EMAIL_FILE_PATH = Path(os.environ.get("TESSERA_MAIL_FOLDER", DATA / "mail"))  # noqa: F405
