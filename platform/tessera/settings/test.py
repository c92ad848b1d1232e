"""Tests: fast hashing, mail kept in memory, everything else as in production."""

from tessera.settings.base import *  # noqa: F403
from tessera.settings.base import INSTALLED_APPS

INSTALLED_APPS += ["tests.samples.library.apps.Library", "tests.samples.lending.apps.Lending"]

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
