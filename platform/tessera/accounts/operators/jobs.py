"""Keep which background tasks raise, for the operators; Celery itself only logs it."""

import logging
from datetime import timedelta
from types import TracebackType
from typing import Any
from uuid import UUID

from celery import shared_task
from celery.exceptions import Ignore, Retry
from celery.signals import task_failure
from django.db import DatabaseError, transaction
from django.db.models import F
from django.utils import timezone

from tessera.accounts.operators.models import FailedJob

KEPT = timedelta(days=30)  # after the last time
LONGEST_TRACE = 20_000
_log = logging.getLogger(__name__)


@task_failure.connect
def keep_failure(
    sender: Any = None,
    exception: BaseException | None = None,
    kwargs: dict[str, Any] | None = None,
    einfo: Any = None,
    traceback: TracebackType | None = None,
    **_more: Any,
) -> None:
    """Count a failure; with the database gone the log alone tells it."""
    if exception is None or isinstance(exception, (Ignore, Retry)):
        return
    try:
        note_failure(
            task=getattr(sender, "name", str(sender)),
            tenant_id=_key((kwargs or {}).get("tenant_id")),
            error=exception,
            trace=str(getattr(einfo, "traceback", "") or ""),
        )
    except DatabaseError:
        _log.exception("that the task %s failed could not be kept", sender)


def _key(text: Any) -> UUID | None:
    try:
        return UUID(str(text)) if text else None
    except ValueError:
        return None


def note_failure(*, task: str, tenant_id: UUID | None, error: BaseException, trace: str = "") -> None:
    """Count that a task failed with an error."""
    now = timezone.now()
    told = {"message": str(error)[:1000], "trace": trace[-LONGEST_TRACE:], "last_at": now}
    with transaction.atomic(using="shared"):
        FailedJob.objects.update_or_create(
            task=task,
            tenant_id=tenant_id,
            error=type(error).__name__,
            defaults={**told, "times": F("times") + 1},
            create_defaults={**told, "first_at": now},
        )


@shared_task(name="operators.forget_failed_jobs", ignore_result=True)
def forget_failed_jobs() -> int:
    """Forget what has not failed any more for a month; return how many."""
    return FailedJob.objects.filter(last_at__lt=timezone.now() - KEPT).delete()[0]
