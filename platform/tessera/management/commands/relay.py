"""Run the relay of the outbox."""

import signal
from threading import Event as Flag
from typing import Any

from django.core.management.base import BaseCommand

from tessera.db.boot import refuse_unsafe
from tessera.outbox.relay import Relay


class Command(BaseCommand):
    help = "Send due deliveries of all tenants to the workers; several relays may run side by side."

    def add_arguments(self, parser: Any) -> None:
        parser.add_argument("--once", action="store_true", help="send what is due now, then stop")
        parser.add_argument("--sweep", type=float, default=10, metavar="SECONDS", help="time between looks at all tenants")

    def handle(self, *args: Any, once: bool, sweep: float, **options: Any) -> None:
        refuse_unsafe()
        relay = Relay(sweep_seconds=sweep)
        if once:
            self.stdout.write(f"sent {relay.once()}")
            return
        stop = Flag()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stop.set())
        relay.run(stop)
