"""Value moves: what comes in adds its cost to the pool, what goes out takes its part.

The pools of a posting are locked together, by item, after the balances. Nothing that was recorded
is ever valued again: a receipt dated back is valued at the state of the pool when it is recorded.

What leaves before it came, where a location may run negative, leaves at the last cost, for the time
being: a provisional layer says how much is still to come. What comes then is used up by it first, and
the difference is told as a value adjustment: off the stock, onto the move that had left.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID

from django.db.models import Sum
from django.utils.translation import gettext as _
from tessera.api import Refused, minor_units, new_id, part_of, round_money

from modules.base.api import Company, Item
from modules.scm.stock.models import (
    CostLayer,
    CostPool,
    LayerUse,
    PoolMethod,
    StockMove,
    ValueAdjustment,
    ValueAdjustmentPart,
    ValueBasis,
)
from modules.scm.stock.services.rows import execute, write_columns

ZERO = Decimal(0)

_COLUMNS = ("id", "company_id", "item_id", "scope", "scope_key", "method", "quantity", "value", "seq")
_LOCK = f"""
INSERT INTO stock_costpool ({", ".join(_COLUMNS)})
SELECT d.id, %s, d.item, 'company', NULL, d.method, 0, 0, 0
FROM unnest(%s::uuid[], %s::uuid[], %s::text[]) AS d(id, item, method)
ORDER BY d.item
ON CONFLICT (company_id, item_id, scope, scope_key) DO UPDATE SET seq = stock_costpool.seq
RETURNING {", ".join(_COLUMNS)}
"""  # noqa: S608  (the names are ours)


def lock_pools(company: UUID, items: Iterable[Item]) -> dict[UUID, CostPool]:
    """Lock the pools of items in one order, adding those that are not there yet; return them by item."""
    wanted = list({item.pk: item for item in items}.values())
    if not wanted:
        return {}
    ids = [new_id() for _ in wanted]
    rows = execute(_LOCK, [company, ids, [item.pk for item in wanted], [item.cost_method for item in wanted]])
    found = [CostPool.from_db("default", _COLUMNS, row) for row in rows]
    return {pool.item_id: pool for pool in found}


@dataclass(frozen=True)
class _Settled:
    """A receipt brought what a move took before: `amount` is what that cost more than was thought."""

    receipt: StockMove
    issue: StockMove
    pool: CostPool
    amount: Decimal


class Costing:
    """The costs of one posting: values its moves in order, then writes pools, layers and uses at once."""

    def __init__(self, company: Company, items: Iterable[Item]) -> None:
        self.company = company
        self.pools = lock_pools(company.pk, items)
        self.new_layers: list[CostLayer] = []
        self.uses: list[LayerUse] = []
        self._changed_layers: dict[UUID, CostLayer] = {}
        self._last: dict[UUID, StockMove] = {}
        self._settled: list[_Settled] = []
        pools = self.pools.values()
        self.layers = _open_layers([pool for pool in pools if pool.method == PoolMethod.FIFO], provisional=False)
        self.owed = _open_layers([pool for pool in pools if pool.quantity < 0], provisional=True)

    def receive(self, move: StockMove, value: Decimal) -> None:
        """Add an incoming move to its pool at `value`; what had left before it came takes its part at once."""
        pool = self._next(move)
        move.value = value
        pool.quantity += move.base_quantity
        pool.value += value
        taken, spent = self._settle(pool, move)
        if pool.method == PoolMethod.FIFO:
            self._add_layer(self.layers, pool, move, move.base_quantity - taken, value - spent)
        self._last[pool.pk] = move

    def issue(self, move: StockMove, where: Sequence[str]) -> None:
        """Take an outgoing move's part of its pool; what is not there leaves at the last cost, provisionally."""
        pool = self._next(move)
        there = min(move.base_quantity, max(pool.quantity, ZERO))
        short = move.base_quantity - there
        lent = round_money(self._last_cost(pool, where) * short, self.company.currency) if short else ZERO
        if pool.method == PoolMethod.FIFO:
            move.value_basis = ValueBasis.FIFO
            move.value = self._take_layers(pool, move, there) + lent
        else:
            move.value_basis = ValueBasis.AVERAGE
            move.value = (self._share(pool.value, there, pool.quantity) if there else ZERO) + lent
        pool.quantity -= move.base_quantity
        pool.value -= move.value
        if short:
            move.value_basis = ValueBasis.PROVISIONAL
            self._add_layer(self.owed, pool, move, short, lent, provisional=True)
        self._last[pool.pk] = move

    def present_value(self, item: UUID, quantity: Decimal, where: Sequence[str]) -> Decimal:
        """Return what `quantity` is worth at the pool's present cost; refuse where the pool is empty."""
        pool = self.pools[item]
        if not pool.quantity:
            raise Refused("REQUIRED", _("Nothing of this is on hand that would tell its cost: give a unit cost."), *where)
        return round_money(pool.value * quantity / pool.quantity, self.company.currency)

    def _next(self, move: StockMove) -> CostPool:
        pool = self.pools[move.item_id]
        pool.seq += 1
        move.pool, move.seq = pool, pool.seq
        return pool

    def _share(self, value: Decimal, quantity: Decimal, whole: Decimal) -> Decimal:
        return value if quantity == whole else round_money(value * quantity / whole, self.company.currency)

    def _last_cost(self, pool: CostPool, where: Sequence[str]) -> Decimal:
        """Return what one costs in the pool as it is, or cost in its last move; refuse where nothing tells."""
        if pool.quantity:
            return pool.value / pool.quantity
        last = self._last.get(pool.pk) or StockMove.objects.filter(pool=pool).order_by("-seq").first()
        if last is None:
            raise Refused("INSUFFICIENT", _("Nothing of this has ever come in that would tell its cost."), *where)
        return last.value / last.base_quantity

    def _add_layer(
        self,
        layers: dict[UUID, list[CostLayer]],
        pool: CostPool,
        move: StockMove,
        quantity: Decimal,
        value: Decimal,
        *,
        provisional: bool = False,
    ) -> None:
        layer = CostLayer(pool=pool, move=move, seq=move.seq, quantity=quantity, value=value, provisional=provisional)
        self.new_layers.append(layer)
        if quantity:
            layers.setdefault(pool.pk, []).append(layer)

    def _use(self, layers: list[CostLayer], move: StockMove, at_most: Decimal) -> tuple[CostLayer, Decimal, Decimal]:
        """Take up to `at_most` of the first layer for a move; return the layer, the quantity and its value."""
        layer = layers[0]
        quantity = min(at_most, layer.quantity)
        value = self._share(layer.value, quantity, layer.quantity)
        self.uses.append(LayerUse(layer=layer, move=move, quantity=quantity, value=value))
        layer.quantity -= quantity
        layer.value -= value
        if not layer._state.adding:
            self._changed_layers[layer.pk] = layer
        if not layer.quantity:
            layers.pop(0)
        return layer, quantity, value

    def _take_layers(self, pool: CostPool, move: StockMove, wanted: Decimal) -> Decimal:
        total = ZERO
        while wanted:
            _layer, quantity, value = self._use(self.layers[pool.pk], move, wanted)
            wanted, total = wanted - quantity, total + value
        return total

    def _settle(self, pool: CostPool, move: StockMove) -> tuple[Decimal, Decimal]:
        """Let what left before this receipt have its part of it, oldest first; return the quantity and cost of that."""
        taken, spent = ZERO, ZERO
        owed = self.owed.get(pool.pk, [])
        while owed and taken < move.base_quantity:
            layer, quantity, lent = self._use(owed, move, move.base_quantity - taken)
            taken += quantity
            cost = part_of(move.value, taken, move.base_quantity, spent, minor_units(self.company.currency))
            spent += cost
            pool.value -= cost - lent
            if cost != lent:
                self._settled.append(_Settled(move, layer.move, pool, cost - lent))
        return taken, spent

    def save(self, moves: Sequence[StockMove]) -> list[ValueAdjustment]:
        """Write everything: the pools, then the moves, then what refers to them; return the differences that were settled."""
        write_columns(list(self.pools.values()), "quantity", "value", "seq")
        StockMove.objects.bulk_create(moves)
        if self.new_layers:
            CostLayer.objects.bulk_create(self.new_layers)
        write_columns(list(self._changed_layers.values()), "quantity", "value")
        if self.uses:
            LayerUse.objects.bulk_create(self.uses)
        return self._save_differences()

    def _save_differences(self) -> list[ValueAdjustment]:
        if not self._settled:
            return []
        made = [
            ValueAdjustment(
                company=self.company,
                move=each.receipt,
                amount=ZERO,
                on_hand=-each.amount,
                gone=each.amount,
                reason=_("Cost of what had left before it came"),
                effective_date=each.receipt.posting_date,
            )
            for each in self._settled
        ]
        ValueAdjustment.objects.bulk_create(made)
        parts = []
        for adjustment, each in zip(made, self._settled, strict=True):
            parts.append(ValueAdjustmentPart(adjustment=adjustment, pool=each.pool, amount=-each.amount))
            parts.append(ValueAdjustmentPart(adjustment=adjustment, move=each.issue, amount=each.amount))
        ValueAdjustmentPart.objects.bulk_create(parts)
        return made


def _open_layers(pools: Sequence[CostPool], *, provisional: bool) -> dict[UUID, list[CostLayer]]:
    """Return what is left of the layers of locked pools, oldest first, by pool."""
    found: dict[UUID, list[CostLayer]] = {}
    if pools:
        rows = CostLayer.objects.filter(pool__in=pools, provisional=provisional, quantity__gt=0)
        for layer in rows.select_related("move").order_by("pool_id", "seq"):
            found.setdefault(layer.pool_id, []).append(layer)
    return found


def returned_value(
    original: StockMove, quantity: Decimal, company: Company, before: dict[UUID, tuple[Decimal, Decimal]]
) -> Decimal:
    """Return the part of a move's value, with its adjustments, that comes back with `quantity` of it.

    `before` collects what earlier returns of a move took (quantity, value), so that parts sum to the whole.
    """
    if original.pk not in before:
        past = StockMove.objects.filter(returns_move=original).aggregate(q=Sum("base_quantity"), v=Sum("value"))
        before[original.pk] = (past["q"] or ZERO, past["v"] or ZERO)
    adjusted = ValueAdjustmentPart.objects.filter(move=original).aggregate(sum=Sum("amount"))["sum"] or ZERO
    done_quantity, done_value = before[original.pk]
    cumulative = done_quantity + quantity
    value = part_of(original.value + adjusted, cumulative, original.base_quantity, done_value, minor_units(company.currency))
    before[original.pk] = (cumulative, done_value + value)
    return value
