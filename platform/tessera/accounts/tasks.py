"""Housekeeping of sessions, started by the clock."""

from importlib import import_module

from celery import shared_task
from django.conf import settings

from tessera.accounts.services import forget_expired


@shared_task(name="accounts.forget_expired_sessions")
def forget_expired_sessions() -> int:
    """Delete the codes and sessions of all hosts whose time is over; return how many were tenants' hosts'."""
    import_module(settings.SESSION_ENGINE).SessionStore.clear_expired()
    return forget_expired()
