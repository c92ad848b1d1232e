"""The WSGI application."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tessera.settings.production")
application = get_wsgi_application()

from tessera.db.boot import refuse_unsafe  # noqa: E402 (needs the apps)
from tessera.warming import warm_up  # noqa: E402 (needs the apps)

refuse_unsafe()
warm_up()
