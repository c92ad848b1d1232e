"""Balances: locked in one order, changed by one conditional statement, never below what is reserved."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import NamedTuple
from uuid import UUID

from django.utils.translation import gettext as _
from tessera.api import Refused, new_id

from modules.scm.stock.models import StockBalance
from modules.scm.stock.services.rows import execute

ZERO = Decimal(0)


class Key(NamedTuple):
    """What a balance is kept by, within a company."""

    item: UUID
    location: UUID
    lot: UUID | None = None
    owner: UUID | None = None


@dataclass
class Change:
    """How a balance changes, and which input to blame where it cannot."""

    on_hand: Decimal = ZERO
    reserved: Decimal = ZERO
    where: tuple[str, ...] = field(default=("quantity",))


_LOCK = """
INSERT INTO stock_stockbalance (id, company_id, item_id, location_id, lot_id, owner_id, on_hand, hard_reserved, allow_negative)
SELECT d.id, %s, d.item, d.location, d.lot, d.owner, 0, 0, l.allow_negative
FROM unnest(%s::uuid[], %s::uuid[], %s::uuid[], %s::uuid[], %s::uuid[]) AS d(id, item, location, lot, owner)
JOIN stock_location l ON l.id = d.location
ORDER BY d.item, d.location, d.lot, d.owner
ON CONFLICT (company_id, item_id, location_id, lot_id, owner_id) DO UPDATE SET on_hand = 0 WHERE false
"""

_CHANGE = """
UPDATE stock_stockbalance b
SET on_hand = b.on_hand + d.on_hand, hard_reserved = b.hard_reserved + d.reserved
FROM unnest(%s::uuid[], %s::uuid[], %s::uuid[], %s::uuid[], %s::numeric[], %s::numeric[])
    AS d(item, location, lot, owner, on_hand, reserved)
WHERE b.company_id = %s AND b.item_id = d.item AND b.location_id = d.location
    AND b.lot_id IS NOT DISTINCT FROM d.lot AND b.owner_id IS NOT DISTINCT FROM d.owner
    AND b.hard_reserved + d.reserved >= 0
    AND (b.on_hand + d.on_hand >= b.hard_reserved + d.reserved OR b.allow_negative AND b.hard_reserved + d.reserved = 0)
RETURNING b.item_id, b.location_id, b.lot_id, b.owner_id
"""


def _columns(keys: list[Key]) -> list[list[UUID | None]]:
    return [[key[place] for key in keys] for place in range(4)]


def lock_balances(company: UUID, keys: Iterable[Key]) -> None:
    """Lock the balances of `keys` in one order, adding those that are not there yet.

    One statement does both: `DO UPDATE .. WHERE false` locks a row and writes nothing.
    """
    wanted = list(dict.fromkeys(keys))
    if not wanted:
        return
    execute(_LOCK, [company, [new_id() for _ in wanted], *_columns(wanted)])


def change_balances(company: UUID, changes: Mapping[Key, Change]) -> None:
    """Apply changes to locked balances; refuse with INSUFFICIENT where one would oversell."""
    wanted = {key: change for key, change in changes.items() if change.on_hand or change.reserved}
    if not wanted:
        return
    keys = list(wanted)
    quantities = [[wanted[key].on_hand for key in keys], [wanted[key].reserved for key in keys]]
    done = {Key(*row) for row in execute(_CHANGE, [*_columns(keys), *quantities, company])}
    for key in keys:
        if key not in done:
            raise _insufficient(company, key, wanted[key])


def _insufficient(company: UUID, key: Key, change: Change) -> Refused:
    row = StockBalance.objects.filter(
        company=company, item=key.item, location=key.location, lot=key.lot, owner=key.owner
    ).select_related("item", "location").first()  # fmt: skip
    if row is None:
        return Refused("NOT_FOUND", _("There is no such location."), *change.where)
    text = _("{item} in {location}: {on_hand} on hand, {reserved} of it reserved.")
    message = text.format(
        item=row.item.name,
        location=row.location.name,
        on_hand=format(row.on_hand.normalize(), "f"),
        reserved=format(row.hard_reserved.normalize(), "f"),
    )
    return Refused("INSUFFICIENT", message, *change.where)
