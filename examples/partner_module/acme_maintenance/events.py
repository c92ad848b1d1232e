"""Facts that maintenance tells."""

from datetime import date
from uuid import UUID

from tessera.api import event


@event("acme_maintenance.acme_machine_registered")
class AcmeMachineRegistered:
    """A customer has a machine that is looked after."""

    subject: UUID
    company: UUID
    party: UUID
    item: UUID


@event("acme_maintenance.acme_visit_completed")
class AcmeVisitCompleted:
    """Somebody was there; what is not `under_warranty` can be charged."""

    subject: UUID
    machine: UUID
    company: UUID
    party: UUID
    done_on: date
    under_warranty: bool
