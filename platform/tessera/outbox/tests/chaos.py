"""The processes that the kill tests kill: a worker, a relay, and a worker that is not careful.

Run as `python chaos.py worker|relay|careless`.
"""

import sys
import time
from uuid import UUID

import django

django.setup()

from tessera.celery import app  # noqa: E402
from tessera.db import boot  # noqa: E402
from tessera.events import Event, event, on  # noqa: E402
from tessera.fields import new_id  # noqa: E402
from tessera.numbering.models import VoidedNumber  # noqa: E402
from tessera.outbox import delivery, tasks  # noqa: E402
from tessera.outbox.models import Delivery  # noqa: E402
from tessera.unit_of_work import unit_of_work  # noqa: E402

boot.refuse_unsafe = lambda: None  # a test's database belongs to the role that made it
delivery.MOST_ATTEMPTS = 50


@event("chaos.step_taken")
class StepTaken:
    """A numbered step of a subject."""

    subject: UUID
    number: int


@on("chaos.step_taken")
def leave_a_mark(fact: Event) -> None:
    """Leave one row per call, so that a second call would show; take long enough to be killed in it."""
    time.sleep(0.003)
    VoidedNumber(scope=str(new_id()), number=f"{fact.subject}:{fact.data['number']}", reason="step").save()
    time.sleep(0.003)


def run_carelessly(key: UUID) -> None:
    """Do the work in one transaction and say so in another: what the outbox must not do."""
    row = Delivery.objects.select_related("event").filter(pk=key, state=Delivery.State.PENDING).first()
    if row is None:
        return
    cause = row.event
    with unit_of_work():
        leave_a_mark(Event(cause.pk, cause.name, cause.version, cause.subject, cause.seq, cause.data, cause.recorded_at))
    time.sleep(0.02)
    with unit_of_work():
        Delivery.objects.filter(pk=key).update_unaudited(state=Delivery.State.DONE)


def main(role: str) -> None:
    """Be one of the processes until killed."""
    if role == "relay":
        from django.core.management import call_command

        call_command("relay")
        return
    if role == "careless":
        tasks.run_delivery = run_carelessly
    app.worker_main(["worker", "-c", "2", "-l", "WARNING", "--without-mingle", "--without-gossip", "--without-heartbeat"])


if __name__ == "__main__":
    main(sys.argv[1])
