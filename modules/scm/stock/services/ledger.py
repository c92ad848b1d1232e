"""Post moves: balances, reservations, costs and the moves themselves, a dozen statements however many lines.

Locks are taken in one order everywhere: document, demands, balances by key, pools by item.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.utils import timezone
from django.utils.translation import gettext as _
from tessera.api import Refused

from modules.base.api import Company, Item, MoveValued, Party, standing_for
from modules.scm.stock.models import (
    Location,
    LocationKind,
    Reservation,
    ReservationKind,
    StockDemand,
    StockMove,
    ValueAdjustment,
    ValueBasis,
)
from modules.scm.stock.services.balances import Change, Key, change_balances, lock_balances
from modules.scm.stock.services.costing import Costing, returned_value

ZERO = Decimal(0)


@dataclass(kw_only=True)
class MoveDraft:
    """A move about to be posted.

    `value` is the cost of goods that come from outside, in company currency; a return takes the
    value of the move it `returns`. A move for a `demand` uses up what is reserved for it here;
    `returned_demand` only says whose goods come back.
    """

    item: Item
    source: Location
    target: Location
    base_quantity: Decimal
    quantity: Decimal | None = None
    unit: UUID | None = None
    lot: UUID | None = None
    owner: UUID | None = None
    line: Any = None
    value: Decimal | None = None
    returns: StockMove | None = None
    demand: StockDemand | None = None
    returned_demand: StockDemand | None = None
    where: tuple[str, ...] = ("quantity",)

    def key(self, location: Location) -> Key:
        """Return the key of the balance on one side of the move."""
        return Key(self.item.pk, location.pk, self.lot, self.owner)

    @property
    def is_valued(self) -> bool:
        """Say whether the move changes the value of the company's stock."""
        return self.owner is None and self.source.is_own != self.target.is_own


@dataclass(frozen=True, kw_only=True)
class Posted:
    """What a posting did: its moves, the differences of cost it settled, and where it let go of reservations."""

    moves: list[StockMove]
    adjustments: list[ValueAdjustment]
    freed: list[Key]


def post_moves(*, document: Any, drafts: Sequence[MoveDraft], posting_date: date, effective_at: datetime | None = None) -> Posted:
    """Post the moves of a document whose lock is held; refuse with INSUFFICIENT what is not there."""
    company: Company = document.company
    demands = {draft.demand.pk: draft.demand for draft in drafts if draft.demand}
    changes = _changes_of(drafts)
    touched = {key: None for key, change in changes.items() if change.on_hand}
    lock_balances(company.pk, [*touched, *_reserved_keys(demands)])
    freed = _use_reservations(drafts, demands, changes)
    change_balances(company.pk, changes)
    moves = [_move_of(draft, document, posting_date, effective_at or timezone.now()) for draft in drafts]
    costing = Costing(company, [draft.item for draft in drafts if draft.is_valued])
    _value(costing, drafts, moves)
    adjustments = costing.save(moves)
    return Posted(moves=moves, adjustments=adjustments, freed=freed)


def _changes_of(drafts: Iterable[MoveDraft]) -> dict[Key, Change]:
    changes: dict[Key, Change] = {}
    for draft in drafts:
        for location, sign in ((draft.source, -1), (draft.target, 1)):
            if location.is_own:
                change = changes.setdefault(draft.key(location), Change(where=draft.where))
                change.on_hand += sign * draft.base_quantity
    return changes


def _hard(demands: dict[UUID, StockDemand]) -> list[Reservation]:
    """Return the hard reservations of demands, oldest first."""
    if not demands:
        return []
    rows = Reservation.objects.filter(demand__in=list(demands), kind=ReservationKind.HARD)
    return list(rows.order_by("reserved_at", "id"))


def _reserved_keys(demands: dict[UUID, StockDemand]) -> list[Key]:
    """Return where demands have goods reserved: under their locks that only becomes less."""
    if not demands:
        return []
    rows = Reservation.objects.filter(demand__in=list(demands), kind=ReservationKind.HARD)
    return [Key(*row) for row in rows.values_list("item", "location", "lot", "owner")]


def key_of_reservation(row: Reservation) -> Key:
    """Return the key of the balance that a hard reservation stands on."""
    return Key(row.item_id, row.location_id, row.lot_id, row.owner_id)


def _use_reservations(drafts: Sequence[MoveDraft], demands: dict[UUID, StockDemand], changes: dict[Key, Change]) -> list[Key]:
    """Use up what is reserved where goods leave, and let go of what a demand no longer needs; return where that was."""
    rows = _hard(demands)
    released: list[Key] = []
    left = {row.pk: row.base_quantity for row in rows}
    for draft in drafts:
        wanted = draft.base_quantity
        for row in rows if draft.demand else ():
            if not wanted:
                break
            if draft.demand and row.demand_id == draft.demand.pk and key_of_reservation(row) == draft.key(draft.source):
                used = min(wanted, left[row.pk])
                left[row.pk] -= used
                wanted -= used
    for demand in demands.values():
        over = sum((left[row.pk] for row in rows if row.demand_id == demand.pk), ZERO) - demand.open_quantity
        for row in reversed(rows):
            if row.demand_id == demand.pk and over > 0:
                freed = min(over, left[row.pk])
                left[row.pk] -= freed
                over -= freed
                if freed:
                    released.append(key_of_reservation(row))
    reduce_reservations(rows, left, changes)
    return released


def reduce_reservations(rows: Iterable[Reservation], left: dict[UUID, Decimal], changes: dict[Key, Change]) -> None:
    """Bring hard reservations down to what is `left` of each, noting how their balances change."""
    gone = []
    for row in rows:
        freed = row.base_quantity - left[row.pk]
        if not freed:
            continue
        changes.setdefault(key_of_reservation(row), Change()).reserved -= freed
        if left[row.pk]:
            row.base_quantity = left[row.pk]
            row.save(update_fields=["base_quantity"])
        else:
            gone.append(row)
    if gone:
        Reservation.objects.delete_rows(gone)


def _move_of(draft: MoveDraft, document: Any, posting_date: date, effective_at: datetime) -> StockMove:
    return StockMove(
        company_id=document.company_id,
        item=draft.item,
        lot_id=draft.lot,
        owner_id=draft.owner,
        source=draft.source,
        target=draft.target,
        quantity=draft.base_quantity if draft.quantity is None else draft.quantity,
        unit_id=draft.unit or draft.item.unit_id,
        base_quantity=draft.base_quantity,
        effective_at=effective_at,
        posting_date=posting_date,
        value=ZERO,
        value_basis=ValueBasis.INSIDE,
        document_kind=document._meta.label,
        document=document.pk,
        line=draft.line.pk if draft.line else None,
        returns_move=draft.returns,
    )


def _value(costing: Costing, drafts: Sequence[MoveDraft], moves: Sequence[StockMove]) -> None:
    taken_back: dict[UUID, tuple[Decimal, Decimal]] = {}
    for draft, move in zip(drafts, moves, strict=True):
        if draft.owner is not None:
            move.value_basis = ValueBasis.UNVALUED
        elif draft.source.is_own and draft.target.is_own:
            move.value_basis = ValueBasis.INSIDE
        elif draft.source.is_own:
            costing.issue(move, draft.where)
        else:
            move.value = _incoming(draft, move, costing, taken_back)
            if draft.target.is_own:
                costing.receive(move, move.value)


def _incoming(draft: MoveDraft, move: StockMove, costing: Costing, taken_back: dict[UUID, tuple[Decimal, Decimal]]) -> Decimal:
    if draft.returns is not None:
        move.value_basis = ValueBasis.ORIGINAL
        return returned_value(draft.returns, draft.base_quantity, costing.company, taken_back)
    if draft.value is not None:
        move.value_basis = ValueBasis.GIVEN
        return draft.value
    if draft.source.kind != LocationKind.LOSS:
        raise Refused("REQUIRED", _("Goods from outside have a cost."), *draft.where)
    move.value_basis = ValueBasis.AVERAGE
    return costing.present_value(draft.item.pk, draft.base_quantity, draft.where)


def valued(document: Any, drafts: Sequence[MoveDraft], moves: Sequence[StockMove]) -> list[MoveValued]:
    """Return posted moves as the ledger needs them; goods of somebody else are none of its business."""
    return [
        _valued(document, draft, move, draft.demand or draft.returned_demand)
        for draft, move in zip(drafts, moves, strict=True)
        if draft.owner is None
    ]


def _standing(party: Party | None) -> UUID | None:
    """Return the key of whom a posting is about: a document keeps its party, what is told today is of the one it became."""
    return standing_for(party).pk if party else None


def _valued(document: Any, draft: MoveDraft, move: StockMove, demand: StockDemand | None) -> MoveValued:
    return MoveValued(
        move=move.pk,
        company=move.company_id,
        item=move.item_id,
        item_category=draft.item.category_id,
        warehouse=draft.source.warehouse_id or draft.target.warehouse_id,
        source_kind=draft.source.kind,
        target_kind=draft.target.kind,
        base_quantity=move.base_quantity,
        value=move.value,
        posting_date=move.posting_date,
        party=_standing(document.party),
        supplier=_standing(getattr(document, "supplier", None)),
        demand_document=demand.document if demand else None,
        demand_line=demand.line if demand else None,
        receipt_line=move.line if not draft.source.is_own else None,
        returns=move.returns_move_id,
        dimension_set=draft.line.dimension_set_id if draft.line else None,
    )
