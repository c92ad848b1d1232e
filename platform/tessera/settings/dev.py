"""Development: what `make up` runs."""

import os
from pathlib import Path

from tessera.settings.base import *  # noqa: F403
from tessera.settings.base import DATA
from tessera.settings.signing import local_key, signing_keys

DEBUG = False
TESSERA_CORE_PER_WORKER = os.environ.get("TESSERA_CORE_PER_WORKER", "1") != "0"
TESSERA_WEBHOOKS_TO_LOOPBACK = True
TESSERA_SHARE_OF_STRANGERS = 2_000  # so that who writes a module can start it before there are terms
IDP_OIDC_PRIVATE_KEYS = signing_keys(str(local_key(DATA / "id_token.pem")))
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = True  # browsers allow passkeys on localhost without TLS
EMAIL_BACKEND = "django.core.mail.backends.filebased.EmailBackend"
EMAIL_FILE_PATH = Path(os.environ.get("TESSERA_MAIL_FOLDER", DATA / "mail"))
