"""The relay: finds the tenants in which something is due, leases it and hands it to the workers.

It serves tenants in turn, a few deliveries each, so that a busy tenant waits for itself only.
Hints say where to look; a slow sweep over all tenants finds what hints and backoff leave behind.
It may run in several processes, and be killed in any of them: nothing lives in it but the turn.
"""

import logging
from collections import deque
from collections.abc import Callable, Iterator
from threading import Event as Flag
from time import monotonic
from typing import Any
from uuid import UUID

import redis
from django.db import DatabaseError, InterfaceError
from kombu.exceptions import OperationalError as BrokerError

from tessera.context import directory, enter, system
from tessera.outbox.delivery import give_back, lease_due
from tessera.outbox.hints import client, take_hints
from tessera.tasks import drop_broken

PER_TURN = 20
MOST_WAITING = 100  # messages in the queue: what comes now, of whatever tenant, waits for no more than these
QUEUE = "celery"
_log = logging.getLogger(__name__)
_also: list[Callable[[int], int]] = []


def also_sent(function: Callable[[int], int]) -> Callable[[int], int]:
    """Have the relay call the decorated function in a tenant's turn: it leases and sends up to so many, and returns how many."""
    _also.append(function)
    return function


def send(tenant: UUID, delivery: UUID) -> None:
    """Hand one leased delivery to the workers; raises BrokerError."""
    from tessera.outbox.tasks import deliver

    # allow raw-task: the relay sends what is committed already, by tenant
    deliver.apply_async(kwargs={"tenant_id": str(tenant), "delivery_id": str(delivery)}, retry=False)


class Relay:
    """One relay process: `run` until told to stop, or `once` over everything that is due now."""

    def __init__(self, *, send: Callable[[UUID, UUID], None] = send, sweep_seconds: float = 10) -> None:
        self.send = send
        self.sweep_seconds = sweep_seconds
        self.turns: deque[UUID] = deque()
        self.sweeping: Iterator[Any] = iter(())
        self.swept_at = -sweep_seconds

    def once(self) -> int:
        """Lease and send all that is due now in every active tenant; return how many."""
        sent = 0
        self.turns = deque(tenant.id for tenant, _ in directory().active())
        while self.turns:
            sent += self._serve(self.turns.popleft())
        return sent

    def run(self, stop: Flag) -> None:
        """Serve until `stop` is set; an unreachable server is waited for."""
        while not stop.is_set():
            try:
                self._round(stop)
            except (redis.RedisError, BrokerError, DatabaseError, InterfaceError) as error:
                _log.warning("the relay waits: %s", error)
                drop_broken()
                stop.wait(1)

    def _round(self, stop: Flag) -> None:
        if client().llen(QUEUE) >= MOST_WAITING:
            stop.wait(0.02)
            return
        busy = bool(self.turns) or self._sweep_on()
        self._line_up(take_hints(wait=0 if busy else 1))
        if self.turns:
            self._serve(self.turns.popleft())

    def _line_up(self, tenants: list[UUID]) -> None:
        self.turns.extend(tenant for tenant in tenants if tenant not in self.turns)

    def _sweep_on(self) -> bool:
        """Line up the next tenant of the sweep, starting a new one when it is time; say whether it did."""
        found = next(self.sweeping, None)
        if found is None and monotonic() - self.swept_at >= self.sweep_seconds:
            self.swept_at = monotonic()
            self.sweeping = directory().active()
            found = next(self.sweeping, None)
        if found is not None:
            self._line_up([found[0].id])
        return found is not None

    def _serve(self, tenant_id: UUID) -> int:
        """Give a tenant its turn, and the next one after the others when more is due."""
        try:
            tenant, modules = directory().find(tenant_id)
        except LookupError:
            return 0
        with enter(tenant, actor=system("relay"), modules=modules):
            leased = lease_due(PER_TURN)
            for place, delivery in enumerate(leased):
                try:
                    self.send(tenant.id, delivery)
                except BaseException:
                    give_back(leased[place:])
                    self._line_up([tenant_id])
                    raise
            also = sum(each(PER_TURN) for each in _also)
        if len(leased) == PER_TURN or also:
            self._line_up([tenant_id])
        return len(leased) + also
