"""Django as the peers run it: one connection for each thread that stays, on the schema of the bench's company."""

import os

from tessera.settings.base import database

DEBUG = False
SECRET_KEY = "nothing is signed here"  # noqa: S105
ALLOWED_HOSTS = ["*"]
INSTALLED_APPS = ["django.contrib.contenttypes", "graphene_django", "django_filters", "tessera.bench.peers"]
MIDDLEWARE = ["django.middleware.common.CommonMiddleware"]  # which says how long an answer is
ROOT_URLCONF = os.environ["BENCH_PEER"]
USE_TZ = True
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
_named = database(os.environ["DATABASE_URL"])
DATABASES = {
    "default": _named
    | {
        "ENGINE": "django.db.backends.postgresql",
        "CONN_MAX_AGE": None,
        "OPTIONS": _named["OPTIONS"] | {"options": f"-c search_path={os.environ['BENCH_SCHEMA']},ext"},
    }
}
