"""Who is behind a credential: what every request asks first, so it is one statement each, written out."""

from dataclasses import dataclass
from uuid import UUID

import orjson
from django.utils import timezone

from tessera.access.models import AccessToken, Member
from tessera.db.prepared import Told, told
from tessera.models import Model


def _in_order(model: type[Model], *names: str) -> list[str]:
    """Return column names in the order of the model, as `from_db` takes their values."""
    return [column.attname for column in model._meta.concrete_fields if column.attname in names]


_MEMBER = _in_order(Member, "id", "name", "state", "epoch", "account_id", "is_owner")
_TOKEN = _in_order(AccessToken, "id", "member_id", "scopes", "epoch", "expires_at", "last_used_at", "app", "account_epoch")
_ROLES = "(SELECT epoch FROM access_accessstate)"
_COLUMNS = ", ".join(f"m.{name}" for name in _MEMBER)
_OF_TOKEN = (
    f"SELECT {', '.join(f't.{name}' for name in _TOKEN)}, {_COLUMNS}, {_ROLES}"  # noqa: S608  (our own names)
    " FROM access_accesstoken t JOIN access_member m ON m.id = t.member_id WHERE t.hash = $1 AND t.revoked_at IS NULL"
)
_OF_SESSION = f"SELECT {_COLUMNS}, {_ROLES} FROM access_member m WHERE m.id = $1 AND m.epoch = $2 AND m.account_id = $3"  # noqa: S608


@dataclass(frozen=True)
class Bearer:
    """A member with what its state is judged by, the mark of the latest change of rights, and the token it comes with.

    `told` are the rows that say so, for one that was found by its credential.
    """

    member: Member
    role_epoch: UUID | None
    token: AccessToken | None = None
    told: Told | None = None

    @property
    def is_alive(self) -> bool:
        """Say whether the member may act, and the token is of its time; whoever asks still asks for the account."""
        if self.member.state != Member.State.ACTIVE:
            return False
        return self.token is None or (self.token.epoch == self.member.epoch and self.token.expires_at > timezone.now())


def bearer_of_token(*, hash: str) -> Bearer | None:
    """Return who is behind a token that was not revoked; whether both are good is for the caller to say."""
    found = told("default", _OF_TOKEN, [hash])
    if found is None:
        return None
    (*row, role_epoch), said = found
    token = AccessToken.from_db("default", _TOKEN, row[: len(_TOKEN)])
    token.scopes = orjson.loads(token.scopes)
    return Bearer(Member.from_db("default", _MEMBER, row[len(_TOKEN) :]), role_epoch, token, said)


def bearer_of_session(*, member: UUID, epoch: int, account: UUID) -> Bearer | None:
    """Return the member that a session was made for, while its epoch and account are the same."""
    found = told("default", _OF_SESSION, [str(member), str(epoch), str(account)])
    if found is None:
        return None
    (*row, role_epoch), said = found
    return Bearer(Member.from_db("default", _MEMBER, row), role_epoch, None, said)
