"""Claim a key with the effect, keep the answer, forget both after a while."""

from datetime import datetime

from django.utils.translation import gettext as _

from tessera.context import Actor, current
from tessera.errors import ApiError, Code, Refused
from tessera.idempotency.models import IdempotencyKey

LONGEST = 255
MOST = 5_000  # keys forgotten at a time


def owner_of(actor: Actor) -> str:
    """Return whose keys an actor's are: the member's, else the account's, else the kind's."""
    return str(actor.member_id or actor.account_id or actor.kind)


def claim_key(*, key: str, request_hash: str) -> tuple[IdempotencyKey, bool]:
    """Claim a key inside the unit of work of its effect; return it, and whether it is new.

    A copy that comes at the same time waits here for the first to commit, and then finds its
    answer. A refused request leaves no key: sent again, it is tried again. CONFLICT is refused
    when the key was used for something else.
    """
    _check_length(key)
    mine = IdempotencyKey(actor=owner_of(current().actor), key=key, request_hash=request_hash)
    IdempotencyKey.objects.bulk_create([mine], ignore_conflicts=True)
    kept = IdempotencyKey.objects.get(actor=mine.actor, key=key)
    _check_request(kept, request_hash)
    return kept, kept.pk == mine.pk


def answer_of(*, key: str, request_hash: str) -> str | None:
    """Return the answer that is kept with a key, None for a new one; refused as by `claim_key`."""
    _check_length(key)
    kept = IdempotencyKey.objects.filter(actor=owner_of(current().actor), key=key).first()
    if kept is None:
        return None
    _check_request(kept, request_hash)
    return kept.answer


def _check_length(key: str) -> None:
    if not 0 < len(key) <= LONGEST:
        raise ApiError(Code.BAD_INPUT, f"An idempotency key has 1 to {LONGEST} characters.", field=["idempotencyKey"])


def _check_request(kept: IdempotencyKey, request_hash: str) -> None:
    if kept.request_hash != request_hash:
        raise Refused("CONFLICT", _("This idempotency key was used for another request."), "idempotency_key")


def keep_answer(*, claimed: IdempotencyKey, answer: str) -> None:
    """Keep the finished answer, as JSON text, with its key, before the commit."""
    claimed.answer = answer
    claimed.save()


def forget_keys(*, before: datetime, most: int = MOST) -> int:
    """Delete up to `most` keys made before a moment, oldest first; return how many. A later copy is a new request."""
    old = IdempotencyKey.objects.filter(created_at__lt=before).order_by("created_at").values("pk")[:most]
    return IdempotencyKey.objects.filter(pk__in=old).delete()[0]
