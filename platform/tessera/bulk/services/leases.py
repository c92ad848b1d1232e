"""Who works on an operation: one worker at a time, for as long as it renews its lease."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db.models import Q
from django.utils import timezone

from tessera.bulk.models import BulkOperation
from tessera.bulk.services.progress import Progress
from tessera.fields import new_id
from tessera.locks import lock
from tessera.unit_of_work import lock_for_update, unit_of_work

State = BulkOperation.State


class LeaseLost(Exception):
    """Raised where somebody else took an operation over: what was done since the last checkpoint is theirs to do again."""


@dataclass(frozen=True)
class Lease:
    """The right to work on one operation, told from others by its key."""

    operation: UUID
    key: UUID

    def renew(self) -> bool:
        """Hold on to the operation, and say whether it goes on (False when it is to be cancelled); raise LeaseLost."""
        with unit_of_work():
            mine = BulkOperation.objects.filter(pk=self.operation, lease=self.key)
            if mine.filter(state=State.RUNNING).update_unaudited(leased_until=_lease_end()):
                return True
            if mine.filter(state=State.CANCELLING).exists():
                return False
        raise LeaseLost

    def note(self, progress: Progress) -> None:
        """Move the checkpoint in an open unit of work, whose writes then count once; raise LeaseLost."""
        moved = BulkOperation.objects.filter(pk=self.operation, lease=self.key).update_unaudited(
            cursor=progress.cursor,
            position=progress.position,
            rows_done=progress.done,
            rows_failed=progress.failed,
            rows_total=progress.total,
            leased_until=_lease_end(),
            updated_at=timezone.now(),
        )
        if not moved:
            raise LeaseLost

    def hold(self) -> BulkOperation:
        """Return the operation, locked in an open unit of work; raise LeaseLost."""
        rows = lock_for_update(BulkOperation.objects.filter(pk=self.operation, lease=self.key))
        if not rows:
            raise LeaseLost
        return rows[0]


def _lease_end() -> datetime:
    return timezone.now() + timedelta(seconds=settings.TESSERA_BULK_LEASE)


def _held() -> Q:
    """Return the condition for operations that a worker holds, or that one was sent for a moment ago."""
    return Q(finished_at__isnull=True, leased_until__gte=timezone.now())


def _places(taken: Q) -> int:
    return max(settings.TESSERA_BULK["at_once"] - BulkOperation.objects.filter(taken).count(), 0)


def send_for() -> list[UUID]:
    """Return the operations to send for, in an open unit of work: oldest first, as many as there are places.

    They wait for a place, or their worker died. None is sent for again before its lease would have run out.
    """
    lock("bulk operations")
    idle = BulkOperation.objects.filter(finished_at__isnull=True).exclude(_held())
    found = list(idle.order_by("pk").values_list("pk", flat=True)[: _places(_held())])
    BulkOperation.objects.filter(pk__in=found).update_unaudited(lease=None, leased_until=_lease_end())
    return found


def take_lease(operation: UUID) -> Lease | None:
    """Take an operation to work on, or None where somebody works on it, it has ended, or there is no place for it."""
    with unit_of_work():
        lock("bulk operations")
        running = _held() & Q(lease__isnull=False)
        rows = lock_for_update(BulkOperation.objects.filter(pk=operation, finished_at__isnull=True).exclude(running))
        if not rows or not _places(running):
            return None
        (row,) = rows
        lease = Lease(row.pk, new_id())
        if row.state == State.WAITING:
            row.state, row.started_at = State.RUNNING, timezone.now()
            row.save()
        mine = BulkOperation.objects.filter(pk=row.pk)  # a lease is no change of the operation, and leaves its times alone
        mine.update_unaudited(lease=lease.key, leased_until=_lease_end())
        return lease


def let_go(lease: Lease) -> None:
    """Leave an operation to whoever takes its next slice."""
    with unit_of_work():
        BulkOperation.objects.filter(pk=lease.operation, lease=lease.key).update_unaudited(lease=None, leased_until=None)
