"""What workflow tells: each fact is about one request (its `subject`), in the order in which it happened."""

from uuid import UUID

from tessera.api import event


@event("workflow.process_published")
class ProcessPublished:
    """A process took effect for a transition; the subject is the definition."""

    subject: UUID
    kind: str
    transition: str
    order: int
    edition: int


@event("workflow.instance_started")
class InstanceStarted:
    """A document waits for approval."""

    subject: UUID
    kind: str
    document: UUID
    transition: str
    requested_by: UUID | None


@event("workflow.task_opened")
class TaskOpened:
    """A member is asked to decide."""

    subject: UUID
    task: UUID
    assignee: UUID
    kind: str
    document: UUID
    title: str


@event("workflow.instance_returned")
class InstanceReturned:
    """A request went back to an earlier step, 0 being its requester; `round` is the new one."""

    subject: UUID
    kind: str
    document: UUID
    round: int
    step: int


@event("workflow.instance_ended")
class InstanceEnded:
    """A request ended: in approval, rejection, withdrawal, or void because the content changed."""

    subject: UUID
    kind: str
    document: UUID
    transition: str
    state: str
    reason: str


@event("workflow.instance_approved")
class InstanceApproved:
    """A request ended in approval; told besides `instance_ended` for whoever waits for this alone."""

    subject: UUID
    kind: str
    document: UUID
    transition: str
