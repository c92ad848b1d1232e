"""Which of many credentials are still good, asked at once: for whoever keeps lines open between requests.

The rules are those of `authentication`, which decides about one at a time; a test holds both together.
"""

from collections.abc import Collection
from dataclasses import dataclass, replace
from uuid import UUID

from django.db.models import F
from django.utils import timezone

from tessera.access import cache
from tessera.access.models import AccessToken, Member
from tessera.access.selectors import actor_of, restricted
from tessera.access.selectors.credentials import Bearer
from tessera.access.selectors.rights import role_epoch, today
from tessera.accounts.authentication import Credential
from tessera.accounts.models import Account, TenantSession
from tessera.accounts.oauth.models import App
from tessera.context import Actor, current


@dataclass(frozen=True)
class Standing:
    """Whom a good credential stands for, and whether it is an app's of our own; as long as `key` is the same, so are its rights."""

    bearer: Bearer
    is_ours: bool
    key: str

    def actor(self) -> Actor:
        """Return the actor, with no more rights than the token's."""
        actor, token = actor_of(self.bearer.member, epoch=self.bearer.role_epoch), self.bearer.token
        if token is None:
            return actor
        return replace(restricted(actor, token.scopes, app=token.app), token_id=token.pk, is_ours=self.is_ours)


def standings(credentials: Collection[Credential]) -> dict[Credential, Standing]:
    """Return whom the credentials that are good in the tenant in force stand for."""
    epoch, day = role_epoch(), today().date()
    sessions = _of_sessions([each.hash for each in credentials if each.is_session], epoch)
    tokens = _of_tokens([each.hash for each in credentials if not each.is_session], epoch)
    found = [(Credential(hash, True), bearer, False) for hash, bearer in sessions.items()]
    found += [(Credential(hash, False), bearer, is_ours) for hash, (bearer, is_ours) in tokens.items()]
    standing = {}
    for credential, bearer, is_ours in found:
        token = bearer.token
        narrowed = f" {token.app} {sorted(token.scopes)}" if token else ""
        standing[credential] = Standing(bearer, is_ours, cache.key_of(bearer.member, epoch, day) + narrowed)
    return standing


def _of_sessions(hashes: list[str], epoch: UUID | None) -> dict[str, Bearer]:
    alive = TenantSession.objects.filter(hash__in=hashes, tenant_id=current().tenant.id, expires_at__gt=timezone.now())
    sessions = (
        alive.select_related("account").filter(account__is_active=True, account__epoch=F("account_epoch")) if hashes else []
    )
    members = Member.objects.in_bulk({each.member_id for each in sessions}) if sessions else {}
    found = {}
    for each in sessions:
        member = members.get(each.member_id)
        if member and (member.epoch, member.account_id) == (each.member_epoch, each.account_id):
            found[each.hash] = Bearer(member, epoch)
    return {hash: bearer for hash, bearer in found.items() if bearer.is_alive}


def _of_tokens(hashes: list[str], epoch: UUID | None) -> dict[str, tuple[Bearer, bool]]:
    rows = AccessToken.objects.filter(hash__in=hashes, revoked_at__isnull=True).select_related("member") if hashes else ()
    bearers = [bearer for bearer in (Bearer(each.member, epoch, each) for each in rows) if bearer.is_alive]
    if not bearers:
        return {}
    owners = {bearer.member.account_id for bearer in bearers}
    epochs = dict(Account.objects.filter(pk__in=owners, is_active=True).values_list("pk", "epoch"))
    clients = {each.app for each in rows if each.app}
    apps = (
        dict(App.objects.of_tenant(current().tenant.id).filter(client__in=clients).values_list("client", "is_ours"))
        if clients
        else {}
    )
    found = {}
    for bearer in bearers:
        token, account = bearer.token, bearer.member.account_id
        assert token is not None
        if account in epochs and (not token.app or (token.app in apps and token.account_epoch == epochs[account])):
            found[token.hash] = (bearer, apps.get(token.app, False))
    return found
