"""Run as a program: web processes of the product that are cheap to kill, for each is a fork of one that has started already.

    python -m tests.billing.core.web DATABASE STRIPE PLACES

It prints the ports of its places, one in each. For each number of a place on its input it forks a process that serves there, and prints
which. A process answers requests one after another through the product's own URLs; what they send to the broker it does itself, as a worker
would: now and then, all that has come since, and whenever nobody asks. All end with the input.
"""

import json
import os
import random
import select
import signal
import socket
import sys
from collections import deque
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer

HINTS: deque[str] = deque()
PATIENCE = 1.0  # seconds after which a process looks whether it is still wanted
MOST = 40  # hints that wait
IDLE = 0.02  # seconds without a request after which there is time for hints


class Quiet(WSGIRequestHandler):
    def address_string(self) -> str:
        return str(self.client_address[0])

    def log_message(self, *_: Any) -> None:
        """Say nothing: who asks sees the answer."""


class Web(WSGIServer):
    """Serves at a place that outlives it: what comes while there is nobody waits for the next one."""

    timeout = PATIENCE

    def __init__(self, place: socket.socket, application: Any) -> None:
        super().__init__(place.getsockname(), Quiet, bind_and_activate=False)
        self.socket.close()
        self.socket = place
        self.server_name, self.server_port = place.getsockname()
        self.setup_environ()
        self.set_app(application)


def prepare(database: str, stripe: str) -> Any:
    """Return the product's application on a database and a Stripe, with everything imported and no connection open."""
    from django.core.wsgi import get_wsgi_application

    application = get_wsgi_application()
    from django.conf import settings
    from tessera.testing.databases import point_at

    from billing import tasks
    from billing.entitlements import granting

    settings.STRIPE_API_BASE = stripe
    tasks.process_one.apply_async = lambda **message: HINTS.append(message["kwargs"]["event"])
    granting.enqueue = lambda task: None  # type: ignore[assignment] # these companies have no tables that could be switched
    point_at(database)
    from django.urls import get_resolver

    get_resolver().url_patterns  # noqa: B018 (imports all views)
    return application


def serve(place: socket.socket, application: Any) -> None:
    """Answer what comes, and do what it hints at, for as long as the parent lives."""
    from billing import tasks

    parent, server, limit = os.getppid(), Web(place, application), random.randint(1, MOST)
    while os.getppid() == parent:
        server.handle_request()
        if len(HINTS) >= limit or not select.select([place], [], [], IDLE)[0]:
            limit = random.randint(1, MOST)
            while HINTS:
                tasks.process_one(event=HINTS.popleft())


def main(database: str, stripe: str, places: int) -> None:
    application = prepare(database, stripe)
    sockets = [socket.create_server(("127.0.0.1", 0), backlog=64) for _ in range(places)]
    print(json.dumps([each.getsockname()[1] for each in sockets]), flush=True)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for those that are killed
    for line in sys.stdin:
        if (child := os.fork()) == 0:
            sys.stdin.close()
            serve(sockets[int(line)], application)
            os._exit(0)
        print(child, flush=True)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
