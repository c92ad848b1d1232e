"""Hints in Valkey that something changed in a tenant; who waits for changes reads the feed then, and now and then without one."""

import logging

import redis

from tessera.context import current
from tessera.outbox.hints import client
from tessera.unit_of_work import Unit, finisher, on_commit

CHANNEL = "changes:"
_log = logging.getLogger(__name__)


def channel_of(tenant_hex: str) -> str:
    """Return the channel on which changes of a tenant are hinted at."""
    return CHANNEL + tenant_hex


@finisher
def hint_at_changes(unit: Unit) -> None:
    """Hint at what the unit has written, once it is committed."""
    if unit.audit:
        tenant = current().tenant.id.hex
        on_commit(lambda: _hint(tenant))


def _hint(tenant: str) -> None:
    try:
        client().publish(channel_of(tenant), "")
    except redis.RedisError:
        _log.warning("no hint at changes of tenant %s: Valkey did not answer, streams find them a little later", tenant)
