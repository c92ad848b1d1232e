"""Find operations, for whom they run now, and their results."""

from collections.abc import Iterator
from datetime import timedelta
from uuid import UUID

from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from tessera.access.models import AccessToken, Member
from tessera.access.selectors import actor_of, restricted
from tessera.accounts.models import Account
from tessera.bulk.models import BulkOperation
from tessera.context import Actor, current, system
from tessera.errors import ApiError, Code, NotFound
from tessera.files.models import StoredFile
from tessera.files.selectors import bytes_of
from tessera.resource import resource_of
from tessera.scope import scoped
from tessera.signing import BadToken, sign, unsign

RESULT = "bulk result"
LINK = timedelta(hours=1)


def person_of(operation: BulkOperation) -> Actor:
    """Return the actor that an operation works for, with the rights of this moment.

    FORBIDDEN is raised where the member was let go, or the token that asked has ended.
    """
    if operation.owner is None:
        return system(f"bulk operation {operation.pk}")
    member = Member.objects.filter(pk=operation.owner, state=Member.State.ACTIVE).first()
    if member is None or not Account.objects.filter(pk=member.account_id, is_active=True).exists():
        raise ApiError(Code.FORBIDDEN, _("The member for whom this works is not active any more."))
    actor = actor_of(member)
    if operation.token is None:
        return actor
    now = timezone.now()
    lives = Q(renewable_until=None, expires_at__gt=now) | Q(renewable_until__gt=now)  # a device goes on with the next secret
    token = AccessToken.objects.filter(lives, pk=operation.token, revoked_at__isnull=True).first()
    if token is None or token.epoch != member.epoch:
        raise ApiError(Code.FORBIDDEN, _("The access token with which this was asked for has ended."))
    return restricted(actor, token.scopes, app=token.app)


def results_of(ids: list[UUID]) -> dict[UUID, StoredFile]:
    """Return the results that are still kept, by operation, of the actor's own ended operations whose right it still has."""
    actor = current().actor
    mine = BulkOperation.objects.filter(pk__in=ids, owner=actor.member_id, finished_at__isnull=False)
    named = {row.result_file: row.pk for row in mine if actor.may(row.permission)}
    return {named[row.pk]: row for row in StoredFile.objects.filter(pk__in=named, expires_at__gt=timezone.now())}


def result_urls_of(*, ids: list[UUID]) -> dict[UUID, str]:
    """Where the result is downloaded, within an hour, by whoever asked for the operation; it is kept for a week."""
    return {key: f"/bulk/{sign(RESULT, key.hex)}" for key in results_of(ids)}


def open_result(*, token: str) -> tuple[StoredFile, Iterator[bytes]]:
    """Return a result and its bytes; NOT_FOUND for a link that is too old, or to what is gone, another's, or beyond one's rights."""
    try:
        key = UUID(unsign(RESULT, token, LINK))
    except BadToken:
        raise NotFound from None
    resource = resource_of(BulkOperation)
    assert resource
    if not scoped(resource).filter(pk=key).exists() or (row := results_of([key]).get(key)) is None:
        raise NotFound
    return row, bytes_of(row)
