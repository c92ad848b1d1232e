"""Issue, use and revoke bearer tokens."""

import hashlib
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from tessera.access.models import AccessToken, Member
from tessera.access.models.tokens import EVERY_RIGHT
from tessera.access.selectors.rights import actor_of_member, contains
from tessera.access.services.roles import too_far
from tessera.context import current
from tessera.errors import Forbidden, Problem, Refused
from tessera.service import service
from tessera.unit_of_work import unit_of_work

PREFIX = "tsr_"
SHOWN = 12
MOST = 500  # tokens forgotten at a time
LONGEST = timedelta(days=366)
USUAL = timedelta(days=90)
USE_NOTED_EVERY = timedelta(minutes=5)


@dataclass(frozen=True)
class IssuedToken:
    """A new token and its secret, which is shown this once and stored nowhere."""

    token: AccessToken
    secret: str = field(metadata={"secret": True})


def digest(secret: str) -> str:
    """Return the hash under which a secret of 256 random bits is stored."""
    return hashlib.sha256(secret.encode()).hexdigest()


@service(permission="access.token_issue")
def issue_token(*, name: str, scopes: list[str], expires_at: datetime | None = None) -> IssuedToken:
    """Issue a personal token for oneself; `scopes` are rights one holds, or ["*"] for all of them.

    It expires after 90 days unless said otherwise, and after 366 days at most.
    """
    member = Member.objects.filter(pk=current().actor.member_id).first()
    if member is None:
        raise Forbidden("access.token_issue")
    return _issue(member, AccessToken.Kind.PERSONAL, name, scopes, expires_at)


@service(permission="access.api_key_issue")
def issue_api_key(
    *, name: str, scopes: list[str], member: Member | None = None, expires_at: datetime | None = None
) -> IssuedToken:
    """Issue a key for a program that acts as `member` (default: oneself), never beyond one's own rights."""
    holder = member or Member.objects.filter(pk=current().actor.member_id).first()
    if holder is None:
        raise Refused("REQUIRED", _("Say for which member the key acts."), "member")
    return _issue(holder, AccessToken.Kind.API_KEY, name, scopes, expires_at)


def _issue(member: Member, kind: str, name: str, scopes: list[str], expires_at: datetime | None) -> IssuedToken:
    now = timezone.now()
    expires_at = expires_at or now + USUAL
    if not name.strip():
        raise Refused("REQUIRED", _("A token needs a name."), "name")
    if not now < expires_at <= now + LONGEST:
        raise Refused("INVALID", _("A token expires within a year."), "expires_at")
    if member.state != Member.State.ACTIVE:
        raise Refused("STATE", _("The member is not active."), "member")
    _check_scopes(member, scopes)
    secret = f"{PREFIX}{'k' if kind == AccessToken.Kind.API_KEY else 'p'}_{secrets.token_urlsafe(32)}"
    token = AccessToken(
        member=member,
        kind=kind,
        name=name.strip(),
        prefix=secret[:SHOWN],
        hash=digest(secret),
        scopes=sorted(set(scopes)),
        epoch=member.epoch,
        expires_at=expires_at,
    )
    token.save()
    return IssuedToken(token, secret)


def _check_scopes(member: Member, scopes: list[str]) -> None:
    """Refuse scopes that the member does not hold, or the issuer not as far as the member."""
    if not scopes:
        raise Refused("REQUIRED", _("Name the rights of the token."), "scopes")
    actor = current().actor
    holder = actor_of_member(member.pk)
    wanted = list(holder.grants) if EVERY_RIGHT in scopes else scopes
    problems = []
    for place, code in enumerate(wanted):
        held = holder.reach(code)
        if held is None:
            missing = _("The member does not hold the right {permission}.").format(permission=code)
            problems.append(Problem("INVALID", missing, ("scopes", str(place))))
        elif not actor.is_system and not contains(actor.reach(code), held):
            problems.append(Problem("FORBIDDEN", too_far(code), ("scopes", str(place))))
    if problems:
        raise Refused.of(problems)


@service(permission="access.token_revoke", while_read_only=True)
def revoke_token(*, access_token: AccessToken) -> AccessToken:
    """Revoke a token for good, and sign its device out; everybody may revoke their own."""
    if access_token.revoked_at is None:
        access_token.revoked_at = timezone.now()
        access_token.push_service = access_token.push_token = ""
        access_token.save()
    return access_token


def end_tokens(tokens: QuerySet) -> int:
    """Revoke those of some tokens that still live, and forget where their devices are notified; return how many."""
    return tokens.filter(revoked_at=None).update(revoked_at=timezone.now(), push_service="", push_token="")


def note_use(token: AccessToken, *, place: Callable[[], str]) -> None:
    """Keep when and from where a token was last used, to about five minutes; only then it is asked for the place."""
    now = timezone.now()
    if token.last_used_at is None or token.last_used_at < now - USE_NOTED_EVERY:
        with unit_of_work(while_read_only=True):
            AccessToken.objects.filter(pk=token.pk).update_unaudited(last_used_at=now, place=place())


def forget_tokens(*, before: datetime, most: int = MOST) -> int:
    """Delete up to `most` tokens that ended before a moment, by expiring or being revoked; return how many. The audit keeps them."""
    late = Q(renewable_until__lt=before) | Q(renewable_until=None, expires_at__lt=before) | Q(revoked_at__lt=before)
    ended = AccessToken.objects.filter(late).order_by("pk").values("pk")[:most]
    return AccessToken.objects.filter(pk__in=ended).delete()[0]
