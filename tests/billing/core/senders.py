"""Stripe's side of the webhook: senders that deliver at once, and again what got no answer, to web processes that are killed meanwhile."""

import json
import os
import signal
import subprocess
import sys
import time
from http.client import HTTPConnection, HTTPException
from queue import Queue
from threading import Lock, Thread
from typing import Any

from django.conf import settings
from stripe import WebhookSignature
from tessera.testing.plugin import ROOT

PATIENCE = 60.0  # seconds for an answer


class Webs:
    """The product's web processes on a database and a Stripe, one at each place; whoever is killed is followed by another at once."""

    def __init__(self, *, database: str, stripe: str, places: int) -> None:
        command = [sys.executable, "-m", "tests.billing.core.web", database, stripe, str(places)]
        self.parent = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.lock = Lock()
        self.ports = json.loads(self._said())
        self.pids = [self._start(place) for place in range(places)]

    def _said(self) -> str:
        assert self.parent.stdout is not None
        said = self.parent.stdout.readline()
        assert said, "the web processes did not start"
        return said

    def _start(self, place: int) -> int:
        assert self.parent.stdin is not None
        with self.lock:
            self.parent.stdin.write(f"{place}\n")
            self.parent.stdin.flush()
            return int(self._said())

    def post(self, place: int, body: bytes, *, kill_after: float | None = None) -> int | None:
        """Send an event as Stripe does and return the status; `kill_after` so many seconds the process is killed, answered or not.

        None says that there was no answer.
        """
        began = time.monotonic()
        connection = HTTPConnection("127.0.0.1", self.ports[place], timeout=kill_after or PATIENCE)
        signed = WebhookSignature.generate_signature_header(body.decode(), settings.STRIPE_WEBHOOK_SECRET)
        headers = {"Host": settings.BASE_DOMAIN, "Content-Type": "application/json", "Stripe-Signature": signed}
        try:
            connection.request("POST", "/stripe/webhook", body, headers)
            status = connection.getresponse().status
        except TimeoutError:
            if kill_after is None:
                raise
            status = None
        except (HTTPException, ConnectionError):
            status = None
        if kill_after is not None:
            time.sleep(max(0.0, began + kill_after - time.monotonic()))
            os.kill(self.pids[place], signal.SIGKILL)
            self.pids[place] = self._start(place)
        connection.close()
        return status

    def close(self) -> None:
        """Let those that still work finish, and end all."""
        assert self.parent.stdin is not None
        self.parent.stdin.close()
        self.parent.wait(timeout=PATIENCE)


class Senders:
    """Delivers events from several threads at once, each to a web process of its own, until each delivery was answered."""

    def __init__(self, webs: Webs) -> None:
        self.webs = webs
        self.waiting: Queue[tuple[dict[str, Any], float | None] | None] = Queue()
        self.errors: list[BaseException] = []
        self.lock = Lock()
        self.deliveries = self.killed_unanswered = self.killed_later = 0
        self.threads = [Thread(target=self._run, args=(place,)) for place in range(len(webs.ports))]
        for thread in self.threads:
            thread.start()

    def send(self, event: dict[str, Any], kill_after: float | None = None) -> None:
        """Have an event delivered; the process that takes it is killed so many seconds later, if any are told."""
        self.waiting.put((event, kill_after))

    def _run(self, place: int) -> None:
        while (told := self.waiting.get()) is not None:
            try:
                if not self.errors:
                    self._deliver(place, *told)
            except BaseException as error:
                self.errors.append(error)
            finally:
                self.waiting.task_done()

    def _deliver(self, place: int, event: dict[str, Any], kill_after: float | None) -> None:
        status = self.webs.post(place, json.dumps(event).encode(), kill_after=kill_after)
        with self.lock:
            self.deliveries += 1
            self.killed_unanswered += kill_after is not None and status is None
            self.killed_later += kill_after is not None and status is not None
        if status is None:
            self.send(event)  # as Stripe does with what is not answered
        else:
            assert status == 200, (status, event)

    def end(self) -> None:
        """Wait until everything was delivered."""
        self.waiting.join()
        for _ in self.threads:
            self.waiting.put(None)
        for thread in self.threads:
            thread.join()
            self.waiting.task_done()
        self.threads = []
