"""What happened to members, told to whoever keeps something for them."""

from uuid import UUID

from tessera.events import event


@event("access.member_invited")
class MemberInvited:
    """Somebody was asked to join; `subject` is the member, `invitation` the letter to send."""

    subject: UUID
    invitation: UUID
    serial: int


@event("access.member_joined")
class MemberJoined:
    """A member became active, by sign-up or by accepting an invitation."""

    subject: UUID
    account: UUID


@event("access.member_deactivated")
class MemberDeactivated:
    """A member may no longer act; what it owned went to the member `heir`, if one was named."""

    subject: UUID
    account: UUID | None
    heir: UUID | None
