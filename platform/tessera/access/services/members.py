"""Members come, go, and hand over."""

from uuid import UUID

from django.utils import timezone
from django.utils.translation import gettext as _

from tessera.access.events import MemberDeactivated, MemberJoined, OwnershipTransferred
from tessera.access.models import AccessToken, Invitation, Member, RoleAssignment
from tessera.access.selectors import seats_taken
from tessera.access.services.roles import ensure_platform_roles
from tessera.access.services.tokens import end_tokens
from tessera.context import current
from tessera.errors import Refused
from tessera.events import publish
from tessera.locks import lock
from tessera.quotas import Meter
from tessera.resource import resources
from tessera.service import service
from tessera.unit_of_work import lock_for_update
from tessera.usage.services import hold

OWNER = "owner"


def locked(member: Member) -> Member:
    """Return a member as it is now, locked until the end of the unit."""
    return lock_for_update(Member.objects.filter(pk=member.pk))[0]


def take_seat(*, field: str) -> None:
    """Let the member that was just made active or invited have a seat; refuse with QUOTA where all are taken."""
    lock("seats")
    taken = seats_taken()
    hold(Meter.SEATS, before=taken - 1, after=taken, field=field)


@service()
def create_owner(*, account_id: UUID, email: str, name: str) -> Member:
    """Make the first member of a new tenant: its owner, an administrator. Said twice, it is done once."""
    owner = Member.objects.filter(account_id=account_id).first()
    if owner is not None and owner.is_owner:
        return owner
    admin, _everyones = ensure_platform_roles()
    owner = Member(
        account_id=account_id,
        email=email.strip().lower(),
        name=name or email,
        language=current().tenant.language,
        state=Member.State.ACTIVE,
        is_owner=True,
    )
    owner.save()
    RoleAssignment(member=owner, role=admin).save()
    publish(MemberJoined(subject=owner.pk, account=account_id))
    return owner


@service(permission="access.member_deactivate", while_read_only=True)
def deactivate_member(*, member: Member, hand_over_to: Member | None = None) -> Member:
    """End a member's access at once; what it owns goes to `hand_over_to`, or stays its own.

    Its sessions and tokens are dead with this transaction, and open invitations are withdrawn.
    """
    both = lock_for_update(Member.objects.filter(pk__in=[each.pk for each in (member, hand_over_to) if each is not None]))
    member = next(each for each in both if each.pk == member.pk)
    if member.is_owner:
        raise Refused("STATE", _("The owner of the tenant hands over the ownership first."), "member")
    if member.pk == current().actor.member_id:
        raise Refused("STATE", _("Nobody deactivates oneself."), "member")
    if member.state == Member.State.DEACTIVATED:
        raise Refused("STATE", _("The member is deactivated already."), "member")
    if hand_over_to is not None:
        _hand_over(member, next(each for each in both if each.pk == hand_over_to.pk))
    member.state = Member.State.DEACTIVATED
    _cut_off(member)
    Invitation.objects.filter(member=member, accepted_at=None, withdrawn_at=None).update(withdrawn_at=timezone.now())
    RoleAssignment.objects.filter(member=member).delete()
    publish(MemberDeactivated(subject=member.pk, account=member.account_id, heir=hand_over_to.pk if hand_over_to else None))
    return member


@service(permission="access.member_deactivate", while_read_only=True)
def sign_out_member(*, member: Member) -> Member:
    """End all sessions and revoke all tokens of a member, who may sign in again."""
    member = locked(member)
    _cut_off(member)
    return member


def _cut_off(member: Member) -> None:
    member.epoch += 1
    member.save()
    end_tokens(AccessToken.objects.filter(member=member))


def _hand_over(member: Member, heir: Member) -> None:
    """Give all rows that `member` owns to `heir`, in every enabled module, each write audited.

    Owned is what a resource scopes by a column `owner` of its own: a row under another follows its
    parent, and a column of another name says who did something, which stays true. Whoever keeps
    unfinished work under such a column hears of the heir in `access.member_deactivated`.
    """
    if heir.pk == member.pk or heir.state != Member.State.ACTIVE:
        raise Refused("INVALID", _("Records are handed over to another active member."), "hand_over_to")
    for resource in resources(current().modules):
        if resource.scope.owner == OWNER:
            resource.model._default_manager.filter(owner=member.pk).update(owner=heir.pk)


@service()
def follow_address(*, member: Member, email: str) -> Member:
    """Take over the address that the member's account shows now, unless another member here has it."""
    member, email = locked(member), email.strip().lower()
    if not Member.objects.filter(email=email).exists():
        member.email = email
        member.save()
    return member


@service(permission="access.member_deactivate", while_read_only=True)
def transfer_ownership(*, member: Member) -> Member:
    """Make another active member the owner of the tenant; only the owner can."""
    mine = Member.objects.filter(is_owner=True).first()
    if not current().actor.is_system and (mine is None or mine.pk != current().actor.member_id):
        raise Refused("FORBIDDEN", _("Only the owner hands over the ownership."), "member")
    member = locked(member)
    if member.state != Member.State.ACTIVE:
        raise Refused("STATE", _("The new owner must be an active member."), "member")
    if mine is not None:
        mine.is_owner = False
        mine.save()
    member.is_owner = True
    member.save()
    publish(OwnershipTransferred(subject=current().tenant.id, member=member.pk, account=member.account_id))
    return member
