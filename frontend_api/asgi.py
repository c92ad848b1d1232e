"""The process of streams, to be served by ASGI: `granian --interface asgi frontend_api.asgi:application`."""

import os

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tessera.settings.production")
django.setup()

from tessera.db.boot import refuse_unsafe  # noqa: E402 (needs the apps)

from frontend_api.streams.app import Application  # noqa: E402 (needs the apps)

refuse_unsafe()
application = Application()
