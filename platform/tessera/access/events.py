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


@event("access.ownership_transferred")
class OwnershipTransferred:
    """The company belongs to another member now; `subject` is the company, so that the last one told is the owner."""

    subject: UUID
    member: UUID
    account: UUID


@event("access.member_deactivated")
class MemberDeactivated:
    """A member may no longer act; what it owned went to the member `heir`, if one was named."""

    subject: UUID
    account: UUID | None
    heir: UUID | None


@event("access.device_signed_in")
class DeviceSignedIn:
    """A member signed in to an app on a device; `subject` is the device's access token."""

    subject: UUID
    member: UUID
    app: str
    device: str


@event("access.device_refresh_reused")
class DeviceRefreshReused:
    """A refresh token that was used up was shown again: one of two has a copy, and the device was signed out."""

    subject: UUID
    member: UUID
    app: str
    device: str


@event("access.app_registered")
class AppRegistered:
    """An app of a partner may ask members of this company to be let in; `subject` is its client id."""

    subject: UUID
    title: str


@event("access.app_secret_rotated")
class AppSecretRotated:
    """An app has a new secret, and the one before is worth nothing."""

    subject: UUID


@event("access.app_removed")
class AppRemoved:
    """An app is gone, and signed out everywhere."""

    subject: UUID
