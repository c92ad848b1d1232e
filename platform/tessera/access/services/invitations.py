"""Ask people to join, and let them in once.

The link in the letter is signed for one tenant, one invitation and one sending; nothing secret is
stored, so a stolen backup opens no door.
"""

import hashlib
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.utils import timezone
from django.utils.translation import gettext as _

from tessera.access.events import MemberInvited, MemberJoined
from tessera.access.models import Invitation, Member, Role, RoleAssignment
from tessera.access.services.members import take_seat
from tessera.access.services.roles import demand_cover, ensure_platform_roles
from tessera.budget import Bucket, Budget
from tessera.context import current
from tessera.errors import Problem, Refused
from tessera.events import publish
from tessera.quotas import Meter
from tessera.service import service
from tessera.signing import BadToken, sign, unsign
from tessera.unit_of_work import lock_for_update
from tessera.usage.services import use

PURPOSE = "invitation"
VALID_FOR = timedelta(days=14)


@dataclass(frozen=True)
class InvitationOffer:
    """What a valid link offers, to be shown before it is accepted."""

    email: str
    name: str
    tenant: str
    language: str
    accepted: bool


@service(permission="access.member_invite")
def invite_member(*, email: str, name: str = "", roles: list[Role] | None = None, language: str = "") -> Invitation:
    """Ask somebody to join with these roles; a letter with a link goes out after the commit.

    A deactivated member is asked back. Refused: an address that is a member's already (UNIQUE), and
    with RATE_LIMITED too many letters in an hour.
    """
    email = email.strip().lower()
    try:
        validate_email(email)
    except ValidationError:
        raise Refused("INVALID", _("This is no e-mail address."), "email") from None
    for place, role in enumerate(roles or []):
        _may_give(role, place)
    _count_letter(email)
    member = Member.objects.filter(email=email).select_for_update().first() or Member(email=email)
    if member.state == Member.State.ACTIVE:
        raise Refused("UNIQUE", _("This person is a member already."), "email")
    if Invitation.objects.filter(member_id=member.pk, accepted_at=None, withdrawn_at=None).exists():
        raise Refused("UNIQUE", _("This person is invited already; send the letter again instead."), "email")
    member.state = Member.State.INVITED
    member.name = name or member.name or email
    member.language = language or member.language
    member.save()
    take_seat(field="email")
    ensure_platform_roles()
    for role in roles or []:
        RoleAssignment(member=member, role=role).save()
    made = Invitation(
        member=member,
        email=email,
        language=member.language,
        invited_by=current().actor.member_id,
        expires_at=timezone.now() + VALID_FOR,
    )
    made.save()
    use(Meter.MESSAGES)
    publish(MemberInvited(subject=member.pk, invitation=made.pk, serial=made.serial))
    return made


def _count_letter(email: str) -> None:
    """Count a letter against the limits of the company and of the address, so that nobody is flooded; RATE_LIMITED beyond."""
    key, most = f"t_{current().tenant.id.hex}:letters", settings.TESSERA_LETTERS_AN_HOUR
    limits = {key: most["company"], f"{key}:{hashlib.sha256(email.encode()).hexdigest()[:32]}": most["address"]}
    Budget([Bucket(name, count, count / 3600) for name, count in limits.items()]).take(1)


def _may_give(role: Role, place: int) -> None:
    if role.is_everyones:
        raise Refused.of([Problem("INVALID", _("Every member holds this role already."), ("roles", str(place)))])
    try:
        demand_cover(role)
    except Refused as refused:
        raise Refused.of(Problem(p.code, p.message, ("roles", str(place))) for p in refused.problems) from None


@service(permission="access.member_invite")
def resend_invitation(*, invitation: Invitation) -> Invitation:
    """Send the letter again with a new link and a new term; the earlier link is void."""
    invitation = _open(invitation)
    _count_letter(invitation.email)
    invitation.serial += 1
    invitation.expires_at = timezone.now() + VALID_FOR
    invitation.save()
    use(Meter.MESSAGES)
    publish(MemberInvited(subject=invitation.member_id, invitation=invitation.pk, serial=invitation.serial))
    return invitation


@service(permission="access.member_invite", while_read_only=True)
def withdraw_invitation(*, invitation: Invitation) -> Invitation:
    """Take an open invitation back; its link is void and the person is no member."""
    invitation = _open(invitation)
    invitation.withdrawn_at = timezone.now()
    invitation.save()
    member = invitation.member
    member.state = Member.State.DEACTIVATED
    member.save()
    RoleAssignment.objects.filter(member=member).delete()
    return invitation


def _open(invitation: Invitation) -> Invitation:
    found = lock_for_update(Invitation.objects.filter(pk=invitation.pk))[0]
    if found.accepted_at or found.withdrawn_at:
        raise Refused("STATE", _("The invitation is not open any more."), "invitation")
    return found


def invitation_letter(*, invitation_id: UUID, serial: int) -> tuple[Invitation, str] | None:
    """Return an invitation and the token of its link for the letter, None if that letter is outdated."""
    found = Invitation.objects.filter(pk=invitation_id, serial=serial, accepted_at=None, withdrawn_at=None).first()
    return (found, sign(PURPOSE, [found.pk.hex, serial])) if found else None


def _found(token: str) -> Invitation:
    """Return the invitation that a token opens, locked inside a unit; refuse every other token alike."""
    refusal = Refused("INVALID", _("This link is not valid any more. Ask for a new one."), "token")
    try:
        key, serial = unsign(PURPOSE, token, VALID_FOR)
    except BadToken:
        raise refusal from None
    found = Invitation.objects.filter(pk=UUID(key), serial=serial, withdrawn_at=None).first()
    if found is None or (found.accepted_at is None and found.expires_at < timezone.now()):
        raise refusal
    return found


def offered_invitation(*, token: str) -> InvitationOffer:
    """Return what a link offers; refuse one that is forged, outdated, withdrawn or of another tenant."""
    found = _found(token)
    return InvitationOffer(found.email, found.member.name, current().tenant.name, found.language, bool(found.accepted_at))


@service()
def accept_invitation(*, token: str, account_id: UUID, email: str, name: str = "") -> Member:
    """Make the invited person an active member under its account; once, for the invited address only.

    The same account may say it again and gets the same member.
    """
    found = lock_for_update(Invitation.objects.filter(pk=_found(token).pk))[0]
    member = lock_for_update(Member.objects.filter(pk=found.member_id))[0]
    if found.accepted_at is not None:
        if member.account_id == account_id and member.state == Member.State.ACTIVE:
            return member
        raise Refused("INVALID", _("This link is not valid any more. Ask for a new one."), "token")
    if found.withdrawn_at is not None or email.strip().lower() != found.email:
        raise Refused("INVALID", _("The invitation is for another e-mail address."), "token")
    found.accepted_at = timezone.now()
    found.save()
    member.account_id = account_id
    member.name = name or member.name
    member.state = Member.State.ACTIVE
    member.epoch += 1
    member.save()
    take_seat(field="token")
    publish(MemberJoined(subject=member.pk, account=account_id))
    return member
