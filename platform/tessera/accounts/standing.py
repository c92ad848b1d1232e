"""Which of many credentials are still good, asked at once: for whoever keeps lines open between requests.

The rules are those of `authentication`, which decides about one at a time; a test holds both together.
"""

from collections.abc import Collection
from dataclasses import dataclass, replace
from uuid import UUID

from django.http import HttpRequest
from django.utils import timezone

from tessera.access import cache
from tessera.access.models import AccessToken, Member
from tessera.access.selectors import actor_of, restricted
from tessera.access.selectors.rights import role_epoch, today
from tessera.accounts.authentication import cookie_name
from tessera.accounts.models import Account, TenantSession
from tessera.accounts.services import SESSION_PREFIX, digest
from tessera.context import Actor, current


@dataclass(frozen=True, slots=True)
class Credential:
    """A session or a token, by its hash."""

    hash: str
    is_session: bool


@dataclass(frozen=True)
class Standing:
    """A member whom a good credential stands for; as long as `key` is the same, so are its rights."""

    member: Member
    epoch: UUID | None
    token: AccessToken | None
    key: str

    def actor(self) -> Actor:
        """Return the actor, with no more rights than the token's."""
        actor = actor_of(self.member, epoch=self.epoch)
        return actor if self.token is None else replace(restricted(actor, self.token.scopes), token_id=self.token.pk)


def credential_of(request: HttpRequest) -> Credential | None:
    """Return the credential of a request, as it was taken by `authenticate`; None where there is none."""
    header = request.headers.get("Authorization", "")
    secret = header.partition(" ")[2].strip() if header else request.COOKIES.get(cookie_name(), "")
    return Credential(digest(secret), not header or secret.startswith(SESSION_PREFIX)) if secret else None


def standings(credentials: Collection[Credential]) -> dict[Credential, Standing]:
    """Return whom the credentials that are good in the tenant in force stand for."""
    now, epoch, day = timezone.now(), role_epoch(), today().date()
    found: list[tuple[str, bool, Member, AccessToken | None]] = []
    if hashes := [each.hash for each in credentials if each.is_session]:
        alive = TenantSession.objects.filter(hash__in=hashes, tenant_id=current().tenant.id, expires_at__gt=now)
        sessions = [each for each in alive.select_related("account") if each.account.epoch == each.account_epoch]
        members = Member.objects.in_bulk({each.member_id for each in sessions if each.account.is_active})
        for each in sessions:
            member = members.get(each.member_id)
            if member and (member.epoch, member.account_id) == (each.member_epoch, each.account_id):
                found.append((each.hash, True, member, None))
    if hashes := [each.hash for each in credentials if not each.is_session]:
        good = AccessToken.objects.filter(hash__in=hashes, revoked_at__isnull=True, expires_at__gt=now).select_related("member")
        tokens = [each for each in good if each.member.epoch == each.epoch]
        accounts = {each.member.account_id for each in tokens}
        active = set(Account.objects.filter(pk__in=accounts, is_active=True).values_list("pk", flat=True))
        found += [(each.hash, False, each.member, each) for each in tokens if each.member.account_id in active]
    return {
        Credential(hash, is_session): Standing(
            member, epoch, token, f"{cache.key_of(member, epoch, day)} {token and sorted(token.scopes)}"
        )
        for hash, is_session, member, token in found
        if member.state == Member.State.ACTIVE
    }
