"""Run the relay of the outbox."""

import signal
from threading import Event as Flag
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from tessera.db.boot import refuse_unsafe
from tessera.outbox.relay import Relay


class Command(BaseCommand):
    help = "Send due deliveries of all tenants to the workers; several relays may run side by side."

    def add_arguments(self, parser: Any) -> None:
        parser.add_argument("--once", action="store_true", help="send what is due now, then stop")

    def handle(self, *args: Any, once: bool, **options: Any) -> None:
        refuse_unsafe()
        relay = Relay(sweep_seconds=settings.TESSERA_OUTBOX_SWEEP)
        if once:
            self.stdout.write(f"sent {relay.once()}")
            return
        stop = Flag()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stop.set())
        self.stdout.write("relay ready.")
        self.stdout.flush()
        relay.run(stop)
