"""Value moves: what comes in adds its cost to the pool, what goes out takes its part.

The pools of a posting are locked together, by item, after the balances. Nothing that was recorded
is ever valued again: a receipt dated back is valued at the state of the pool when it is recorded.
"""

from collections.abc import Iterable, Sequence
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
    ValueAdjustmentPart,
    ValueBasis,
)
from modules.scm.stock.services.rows import execute, write_columns

ZERO = Decimal(0)

_LOCK = """
INSERT INTO stock_costpool (id, company_id, item_id, scope, scope_key, method, quantity, value, seq)
SELECT d.id, %s, d.item, 'company', NULL, d.method, 0, 0, 0
FROM unnest(%s::uuid[], %s::uuid[], %s::text[]) AS d(id, item, method)
ORDER BY d.item
ON CONFLICT (company_id, item_id, scope, scope_key) DO UPDATE SET seq = 0 WHERE false
"""


def lock_pools(company: UUID, items: Iterable[Item]) -> dict[UUID, CostPool]:
    """Lock the pools of items in one order, adding those that are not there yet; return them by item."""
    wanted = list({item.pk: item for item in items}.values())
    if not wanted:
        return {}
    ids = [new_id() for _ in wanted]
    execute(_LOCK, [company, ids, [item.pk for item in wanted], [item.cost_method for item in wanted]])
    found = CostPool.objects.filter(company=company, item__in=[item.pk for item in wanted])
    return {pool.item_id: pool for pool in found}


class Costing:
    """The costs of one posting: values its moves in order, then writes pools, layers and uses at once."""

    def __init__(self, company: Company, items: Iterable[Item]) -> None:
        self.company = company
        self.pools = lock_pools(company.pk, items)
        self.layers: dict[UUID, list[CostLayer]] = {}
        self.new_layers: list[CostLayer] = []
        self.uses: list[LayerUse] = []
        self._changed_layers: dict[UUID, CostLayer] = {}
        fifo = [pool.pk for pool in self.pools.values() if pool.method == PoolMethod.FIFO]
        if fifo:
            for layer in CostLayer.objects.filter(pool__in=fifo, quantity__gt=0).order_by("pool", "seq"):
                self.layers.setdefault(layer.pool_id, []).append(layer)

    def receive(self, move: StockMove, value: Decimal) -> None:
        """Add an incoming move to its pool at `value`."""
        pool = self._next(move)
        move.value = value
        pool.quantity += move.base_quantity
        pool.value += value
        if pool.method == PoolMethod.FIFO:
            layer = CostLayer(pool=pool, move=move, seq=move.seq, quantity=move.base_quantity, value=value)
            self.layers.setdefault(pool.pk, []).append(layer)
            self.new_layers.append(layer)

    def issue(self, move: StockMove, where: Sequence[str]) -> None:
        """Take an outgoing move's part of its pool."""
        pool = self._next(move)
        if move.base_quantity > pool.quantity:
            raise Refused("INSUFFICIENT", _("There is not enough of this on hand."), *where)
        if pool.method == PoolMethod.FIFO:
            move.value_basis = ValueBasis.FIFO
            move.value = self._take_layers(pool, move)
        else:
            move.value_basis = ValueBasis.AVERAGE
            move.value = self._share(pool.value, move.base_quantity, pool.quantity)
        pool.quantity -= move.base_quantity
        pool.value -= move.value

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

    def _take_layers(self, pool: CostPool, move: StockMove) -> Decimal:
        wanted, total = move.base_quantity, ZERO
        layers = self.layers.get(pool.pk, [])
        while wanted:
            layer = layers[0]
            quantity = min(wanted, layer.quantity)
            value = self._share(layer.value, quantity, layer.quantity)
            self.uses.append(LayerUse(layer=layer, move=move, quantity=quantity, value=value))
            layer.quantity -= quantity
            layer.value -= value
            if not layer._state.adding:
                self._changed_layers[layer.pk] = layer
            wanted, total = wanted - quantity, total + value
            if not layer.quantity:
                layers.pop(0)
        return total

    def save(self, moves: Sequence[StockMove]) -> None:
        """Write everything: the pools, then the moves, then what refers to them."""
        write_columns(list(self.pools.values()), "quantity", "value", "seq")
        StockMove.objects.bulk_create(moves)
        if self.new_layers:
            CostLayer.objects.bulk_create(self.new_layers)
        write_columns(list(self._changed_layers.values()), "quantity", "value")
        if self.uses:
            LayerUse.objects.bulk_create(self.uses)


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
