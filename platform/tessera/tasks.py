"""Background tasks: each runs inside one tenant that may work, in which its module is on, or is refused.

    @tenant_task(module="service", every=timedelta(hours=1))
    def remind_of_tickets(*, days: int = 2) -> None: ...

    enqueue(remind_of_tickets, days=3)       # after the commit, in the tenant of now

A task is a convenience, not a promise: with the broker gone it is lost, loudly. What must happen
is a handler of an event. `every` (a timedelta or a Celery crontab) runs the task in each active
tenant that has its module on.
"""

import logging
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

from celery import Task
from celery.exceptions import Ignore
from celery.schedules import crontab
from django.db import connections
from kombu.exceptions import OperationalError as BrokerError
from kombu.utils.json import dumps

from tessera.celery import app
from tessera.context import current, directory, enter, system
from tessera.unit_of_work import on_commit

MOST_TENANTS = 64
_seen: set[UUID] = set()
_log = logging.getLogger(__name__)


def drop_broken() -> None:
    """Let go of connections that had an error, so that what comes after a server's restart works again."""
    for connection in connections.all(initialized_only=True):
        if connection.errors_occurred and not connection.in_atomic_block:
            connection.close()


def _count(tenant: UUID) -> None:
    """Let go of a connection whose server process has seen many tenants: it keeps memory for each."""
    _seen.add(tenant)
    if len(_seen) > MOST_TENANTS and not connections["default"].in_atomic_block:
        connections["default"].close()
        connections["default"].close_pool()
        _seen.clear()


class TaskRefused(Ignore):
    """Raised for a task without a tenant that may work, or whose module is off there."""


class TenantTask(Task):
    """A task that is given `tenant_id` and works inside that tenant as the system."""

    module = ""
    abstract = True
    typing = False  # the sender adds the tenant, which the function itself does not take

    def __call__(self, *, tenant_id: str | UUID | None = None, request_id: str | None = None, **arguments: Any) -> Any:
        drop_broken()
        tenant, modules = self._admit(tenant_id)
        _count(tenant.id)
        with enter(
            tenant, actor=system(f"task {self.name}"), modules=modules, request_id=UUID(request_id) if request_id else None
        ):
            return self.run(**arguments)

    def _admit(self, tenant_id: str | UUID | None) -> tuple[Any, frozenset[str]]:
        if tenant_id is None:
            raise self._refusal("it names no tenant")
        try:
            tenant, modules = directory().find(UUID(str(tenant_id)))
        except (LookupError, ValueError) as reason:
            raise self._refusal(str(reason)) from reason
        if self.module and self.module not in modules:
            raise self._refusal(f"the module {self.module} is off in tenant {tenant.id}")
        return tenant, modules

    def _refusal(self, why: str) -> TaskRefused:
        _log.warning("task %s refused: %s", self.name, why)
        return TaskRefused(f"task {self.name} refused: {why}")


def tenant_task(
    *, module: str = "", every: timedelta | crontab | None = None, **options: Any
) -> Callable[[Callable[..., None]], TenantTask]:
    """Declare a task of a module (or, without one, of the kernel); `options` are Celery's."""

    def declare(function: Callable[..., None]) -> TenantTask:
        made = app.task(base=TenantTask, module=module, lazy=False, **options)(function)
        if every is not None:
            entry = {"task": for_each_tenant.name, "schedule": every, "args": [made.name]}
            app.conf.beat_schedule = {**app.conf.beat_schedule, made.name: entry}
        return made

    return declare


@app.task(lazy=False)
def for_each_tenant(name: str) -> None:
    """Send a scheduled task to every active tenant in which its module is on."""
    task = app.tasks[name]
    for tenant, modules in directory().active():
        if not task.module or task.module in modules:
            # allow raw-task: beat sends by tenant, there is no transaction to wait for
            task.apply_async(kwargs={"tenant_id": str(tenant.id)}, retry=False)


def enqueue(task: TenantTask, **arguments: Any) -> None:
    """Send a task of the current tenant after the commit; its arguments must be JSON.

    With the broker gone the task is lost and logged: the commit stands.
    """
    here = current()
    message = {**arguments, "tenant_id": str(here.tenant.id), "request_id": str(here.request_id)}
    dumps(message)

    def send() -> None:
        try:
            # allow raw-task: this is enqueue()
            task.apply_async(kwargs=message, retry=False)
        except BrokerError:
            _log.exception("task %s is lost: the broker did not answer", task.name)

    on_commit(send)
