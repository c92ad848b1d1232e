"""The WSGI application."""

import os
import sys

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tessera.settings.production")
# Python lets a thread that computes go on for 5 ms while others wait: each answer of a database would wait so long beside one
# document that is slow to read.
sys.setswitchinterval(0.0002)
application = get_wsgi_application()

from tessera.db.boot import refuse_unsafe  # noqa: E402 (needs the apps)
from tessera.warming import warm_up  # noqa: E402 (needs the apps)

refuse_unsafe()
warm_up()
