"""Where a reader has got to in the changes of a tenant, as a text that is worth nothing to anybody else."""

import hashlib
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta

from tessera.context import Actor, Reach, current
from tessera.errors import ApiError, Code
from tessera.permissions import known_permissions
from tessera.signing import BadToken, sign, unsign

FOR_EVER = timedelta(days=36_500)  # how old one may be is not the signature's business
START = ("0", "00000000-0000-0000-0000-000000000000")
ORDER = ("epoch", "since", "kinds", "rights", "missed", "seen", "upto")  # what differs from one to the next comes last
Place = tuple[str, str]  # the transaction and the key of an entry: their order is that of the feed


@dataclass(frozen=True, kw_only=True)
class Cursor:
    """Told is all that the snapshot `seen` saw, and of what `upto` saw beyond it the entries up to `at`.

    `epoch` names the history that snapshots are counted in, `since` is when `seen` was taken (seconds), `kinds` stands for
    the kinds of records that were asked for, `rights` for what the reader might do, by module. `missed` are modules of
    which changes were passed over while they were off.
    """

    epoch: str
    since: int
    seen: str
    kinds: str
    rights: Mapping[str, str]
    upto: str = ""
    at: Place = START
    missed: Collection[str] = ()

    def text(self) -> str:
        """Return the cursor as its reader gets it."""
        return sign(_purpose(), [*(getattr(self, name) for name in ORDER), *self.at])


def read_cursor(text: str) -> Cursor:
    """Return the cursor of a text; BAD_CURSOR for one that this reader was not given here."""
    try:
        found = unsign(_purpose(), text, FOR_EVER)
    except BadToken:
        raise ApiError(Code.BAD_CURSOR, "This cursor belongs to somebody or something else.", field=["since"]) from None
    *values, transaction, entry = found
    return Cursor(**dict(zip(ORDER, values, strict=True)), at=(transaction, entry))


def _purpose() -> str:
    actor = current().actor
    return f"changes of {actor.member_id or actor.kind}"


def kinds_digest(names: Iterable[str] | None) -> str:
    """Return what stands for the kinds that are asked for by name; "" for all."""
    return "" if names is None else _digest(sorted(set(names)))


def rights_by_module(actor: Actor) -> dict[str, str]:
    """Return what stands for all that an actor may do and how far, for each module that is on (and for the kernel's parts)."""
    told: dict[str, list[str]] = {code.partition(".")[0]: [] for code in known_permissions(current().modules)}
    for code, reach in sorted(actor.grants.items()):
        if (part := code.partition(".")[0]) in told:
            told[part].append(f"{code} {_spelled(reach)}")
    return {part: _digest(rights) for part, rights in sorted(told.items())}


def _spelled(reach: Reach) -> str:
    return f"{reach.everything} {reach.own} {sorted(map(str, reach.units))} {sorted(map(str, reach.companies))}"


def _digest(parts: Iterable[str]) -> str:
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:8]
