"""Later differences to the cost of what was received: a bill at another price, freight, duty.

A difference falls on the goods of that receipt which are still here, and on those that have left.
Where costs are kept first in, first out, the layer and its uses tell which; in a moving average
every issue since then took its share of everything that was there. Goods that had left before they
came count as left. No move is ever rewritten.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db.models import TextChoices
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy
from tessera.api import Refused, minor_units, round_money, service, spread

from modules.base.api import Company, ValueSplit
from modules.scm.stock.models import (
    CostLayer,
    CostPool,
    LayerUse,
    PoolMethod,
    Receipt,
    StockMove,
    ValueAdjustment,
    ValueAdjustmentPart,
)
from modules.scm.stock.services.costing import lock_pools
from modules.scm.stock.services.documents import locked, tell_adjustment
from modules.scm.stock.services.periods import check_posting_date, today_of
from modules.scm.stock.services.rows import write_columns

ZERO = Decimal(0)
ONE = Decimal(1)


class SpreadBy(TextChoices):
    """What a cost of a whole receipt is spread over its lines by."""

    VALUE = "value", pgettext_lazy("stock", "value")
    QUANTITY = "quantity", gettext_lazy("quantity")


@dataclass
class _Shares:
    """Where the goods of one receipt are now, as weights: in layers or the pool, or gone by moves."""

    pool: Decimal = ZERO
    layers: dict[UUID, Decimal] = field(default_factory=dict)
    moves: dict[UUID, Decimal] = field(default_factory=dict)

    def go(self, move: UUID, weight: Decimal) -> None:
        self.moves[move] = self.moves.get(move, ZERO) + weight


def _returned(moves: Sequence[UUID]) -> dict[UUID, list[StockMove]]:
    """Return the moves that take each of these back into stock."""
    found: dict[UUID, list[StockMove]] = {}
    for back in StockMove.objects.filter(returns_move__in=list(moves), pool__isnull=False):
        found.setdefault(back.returns_move_id, []).append(back)
    return found


def _settled(receipts: Sequence[UUID]) -> dict[UUID, list[tuple[StockMove, Decimal]]]:
    """Return, per receipt, the moves that had left before it came, and how much of it each took."""
    found: dict[UUID, list[tuple[StockMove, Decimal]]] = {}
    uses = LayerUse.objects.filter(move__in=list(receipts), layer__provisional=True)
    for use in uses.select_related("layer__move").order_by("layer__seq"):
        found.setdefault(use.move_id, []).append((use.layer.move, use.quantity))
    return found


def _fifo_shares(receipt: StockMove) -> _Shares:
    """Follow a receipt's layer: what is left of it, who used it, and what of that came back as a layer of its own."""
    shares = _Shares()
    waiting = [(receipt.pk, ONE)]
    while waiting:
        move, scale = waiting.pop()
        layer = CostLayer.objects.get(move=move)
        uses = [(use.move, use.quantity) for use in LayerUse.objects.filter(layer=layer).select_related("move")]
        uses += _settled([move]).get(move, [])
        if layer.quantity:
            shares.layers[layer.pk] = shares.layers.get(layer.pk, ZERO) + layer.quantity * scale
        returned = _returned([user.pk for user, _quantity in uses])
        for user, quantity in uses:
            left = quantity
            for back in returned.get(user.pk, []):
                part = quantity * back.base_quantity / user.base_quantity
                left -= part
                waiting.append((back.pk, scale * part / back.base_quantity))
            if left > 0:
                shares.go(user.pk, left * scale)
    return shares


def _average_shares(receipt: StockMove, pool: CostPool) -> _Shares:
    """Walk the pool's moves since the receipt: each issue took its share of what was left of it."""
    later = list(StockMove.objects.filter(pool=pool, seq__gt=receipt.seq).select_related("source", "target").order_by("seq"))
    quantity = pool.quantity - sum((m.base_quantity if m.target.is_own else -m.base_quantity for m in later), ZERO)
    settled = _settled([receipt.pk, *(move.pk for move in later)])
    shares = _Shares()
    sizes: dict[UUID, tuple[Decimal, Decimal]] = {}

    def leave(move: StockMove, part: Decimal) -> None:
        before, _size = sizes.get(move.pk, (ZERO, ONE))
        sizes[move.pk] = (before + part, move.base_quantity)
        shares.go(move.pk, part)

    def come(move: StockMove, part: Decimal) -> Decimal:
        """Let what had left before take its part of what comes; return what stays here."""
        stays = move.base_quantity
        for issue, taken in settled.get(move.pk, []):
            leave(issue, part * taken / move.base_quantity)
            stays -= taken
        return part * stays / move.base_quantity

    here = come(receipt, receipt.base_quantity)
    for move in later:
        if move.target.is_own:
            taken, size = sizes.get(move.returns_move_id, (ZERO, ONE)) if move.returns_move_id else (ZERO, ONE)
            back = taken * move.base_quantity / size
            if back:
                shares.go(move.returns_move_id, -back)
                here += come(move, back)
            quantity += move.base_quantity
            continue
        part = here if move.base_quantity >= quantity else here * move.base_quantity / quantity
        leave(move, part)
        here, quantity = here - part, quantity - move.base_quantity
    shares.pool = here
    return shares


def _adjust(
    *, receipt: StockMove, amount: Decimal, reason: str, effective_date: date, cause: str, company: Company
) -> ValueAdjustment:
    """Record one difference on one received move and tell it."""
    amount_rounded = round_money(amount, company.currency)
    if amount_rounded != amount or not amount:
        raise Refused("INVALID", _("An amount in whole minor units, other than zero, is needed."), "amount")
    pool = lock_pools(company.pk, [receipt.item])[receipt.item_id] if receipt.pool_id else None
    if pool is None:
        shares = _Shares(moves={receipt.pk: ONE})
    elif pool.method == PoolMethod.FIFO:
        shares = _fifo_shares(receipt)
    else:
        shares = _average_shares(receipt, pool)
    moves = {key: weight for key, weight in shares.moves.items() if weight > 0}
    weights = [shares.pool, *shares.layers.values(), *moves.values()]
    parts = spread(amount, weights, minor_units(company.currency))
    here, on_layers, gone = parts[0], parts[1 : 1 + len(shares.layers)], parts[1 + len(shares.layers) :]
    on_hand = here + sum(on_layers, ZERO)
    adjustment = ValueAdjustment(
        company=company,
        move=receipt,
        amount=amount,
        on_hand=on_hand,
        gone=sum(gone, ZERO),
        reason=reason,
        effective_date=effective_date,
    )
    adjustment.save()
    rows: list[ValueAdjustmentPart] = []
    if on_hand and pool is not None:
        pool.value += on_hand
        write_columns([pool], "value")
    if here:
        rows.append(ValueAdjustmentPart(adjustment=adjustment, pool=pool, amount=here))
    layers = CostLayer.objects.in_bulk(list(shares.layers))
    for key, part in zip(shares.layers, on_layers, strict=True):
        layers[key].value += part
        if part:
            rows.append(ValueAdjustmentPart(adjustment=adjustment, pool=pool, layer=layers[key], amount=part))
    write_columns(list(layers.values()), "value")
    rows += [
        ValueAdjustmentPart(adjustment=adjustment, move_id=key, amount=part)
        for key, part in zip(moves, gone, strict=True)
        if part
    ]
    ValueAdjustmentPart.objects.bulk_create(rows)
    tell_adjustment(adjustment, cause)
    return adjustment


@service(permission="stock.value_adjustment_create")
def adjust_value(
    *,
    receipt: Receipt,
    amount: Decimal,
    reason: str,
    by: SpreadBy = SpreadBy.VALUE,
    effective_date: date | None = None,
) -> list[ValueAdjustment]:
    """Put freight, duty or another later cost (negative: a refund) on a done receipt, in company currency.

    It is spread over the lines, and per line over the goods that are here and those that left.
    """
    receipt = locked(receipt)
    if receipt.state != "done":
        raise Refused("STATE", _("Only what was received has a cost."), "receipt")
    company = receipt.company
    effective_date = effective_date or today_of(company)
    check_posting_date(company, effective_date, "effective_date")
    if not amount.is_finite() or round_money(amount, company.currency) != amount or not amount:
        raise Refused("INVALID", _("An amount in whole minor units, other than zero, is needed."), "amount")
    moves = list(StockMove.objects.filter(document=receipt.pk, pool__isnull=False).select_related("item").order_by("item", "id"))
    if not moves:
        raise Refused("INVALID", _("Nothing on this receipt has a cost of its own."), "receipt")
    lock_pools(company.pk, [move.item for move in moves])
    weights = [move.base_quantity if by == SpreadBy.QUANTITY else move.value for move in moves]
    shares = spread(amount, weights, minor_units(company.currency))
    return [
        _adjust(receipt=move, amount=share, reason=reason, effective_date=effective_date, cause="stock", company=company)
        for move, share in zip(moves, shares, strict=True)
        if share
    ]


def apply_difference(*, receipt_line: UUID, amount: Decimal, reason: str, effective_date: date, cause: str) -> ValueSplit:
    """Put a difference on one received line for another module, inside its unit of work."""
    receipt: Any = StockMove.objects.select_related("item", "company").filter(line=receipt_line).order_by("id").first()
    if receipt is None:
        raise Refused("NOT_FOUND", _("There is no such receipt line."), "receipt_line")
    check_posting_date(receipt.company, effective_date, "effective_date")
    made = _adjust(
        receipt=receipt, amount=amount, reason=reason, effective_date=effective_date, cause=cause, company=receipt.company
    )
    return ValueSplit(on_hand=made.on_hand, gone=made.gone)
