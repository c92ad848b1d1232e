"""The WSGI application."""

import os
import sys

from django.conf import settings
from django.core.signals import request_started
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections

from tessera.cores import keep_to_one_core

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tessera.settings.production")
# Python lets a thread that computes go on for 5 ms while others wait: each answer of a database would wait so long beside one
# document that is slow to read.
sys.setswitchinterval(0.0002)
if settings.TESSERA_CORE_PER_WORKER:
    keep_to_one_core()  # before there are threads
# Connections go back to their pools when a request has been answered, so before one there are none to be looked for.
request_started.disconnect(close_old_connections)
application = get_wsgi_application()

from tessera.db.boot import refuse_unsafe  # noqa: E402 (needs the apps)
from tessera.warming import warm_up  # noqa: E402 (needs the apps)

refuse_unsafe()
warm_up()
