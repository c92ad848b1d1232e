"""Exact unit conversions, and quantities in an item's base unit."""

from collections import deque
from collections.abc import Iterable
from decimal import Decimal
from fractions import Fraction
from uuid import UUID

from django.db.models import Q
from django.utils.translation import gettext as _
from tessera.api import Refused, convert, lock_for_update, service

from modules.base.models import Item, Unit, UnitConversion


class Conversions:
    """The conversions that hold for a set of items, loaded once: one query for any number of lines."""

    def __init__(self, items: Iterable[Item]) -> None:
        rows = UnitConversion.objects.filter(Q(item__isnull=True) | Q(item__in=[item.pk for item in items]))
        self._edges: dict[UUID | None, dict[UUID, list[tuple[UUID, Fraction]]]] = {}
        for row in rows:
            factor = Fraction(row.numerator, row.denominator)
            edges = self._edges.setdefault(row.item_id, {})
            edges.setdefault(row.source_id, []).append((row.target_id, factor))
            edges.setdefault(row.target_id, []).append((row.source_id, 1 / factor))
        self._units = {unit.pk: unit for unit in Unit.objects.filter(pk__in={item.unit_id for item in items})}

    def factor(self, item: UUID | None, source: UUID, target: UUID) -> Fraction | None:
        """Return how many `target` one `source` is for an item; None where they do not convert."""
        if source == target:
            return Fraction(1)
        own, shared = self._edges.get(item, {}), self._edges.get(None, {})
        seen, queue = {source}, deque([(source, Fraction(1))])
        while queue:
            unit, so_far = queue.popleft()
            for neighbour, step in [*own.get(unit, []), *(shared.get(unit, []) if item is not None else [])]:
                if neighbour == target:
                    return so_far * step
                if neighbour not in seen:
                    seen.add(neighbour)
                    queue.append((neighbour, so_far * step))
        return None

    def base_quantity(self, item: Item, quantity: Decimal, unit: UUID | None) -> Decimal:
        """Return `quantity` in the item's base unit, rounded once to that unit's decimals."""
        factor = self.factor(item.pk, unit or item.unit_id, item.unit_id)
        if factor is None:
            raise Refused("NO_CONVERSION", _("{item} is not counted in this unit.").format(item=item.name), "unit")
        return convert(quantity, factor, self._units[item.unit_id].decimals)


@service(permission="base.unit_conversion_create")
def add_conversion(
    *, source: Unit, target: Unit, numerator: int, denominator: int = 1, item: Item | None = None
) -> UnitConversion:
    """Say that one `source` is numerator/denominator `target`, for an item or for all.

    Refuses with CYCLE when the two already convert into each other, be it for a single item: a second
    way could contradict the first.
    """
    for name, value in (("numerator", numerator), ("denominator", denominator)):
        if value <= 0:
            raise Refused("INVALID", _("A conversion factor is positive."), name)
    lock_for_update(Unit.objects.all())  # one at a time: two could close a circle that neither sees
    items = [item] if item else list(Item.objects.filter(conversions__isnull=False).distinct())
    known = Conversions(items)
    for each in (item.pk,) if item else (None, *(own.pk for own in items)):
        if known.factor(each, source.pk, target.pk) is not None:
            raise Refused("CYCLE", _("These units already convert into each other."), "target")
    conversion = UnitConversion(item=item, source=source, target=target, numerator=numerator, denominator=denominator)
    conversion.save()
    return conversion
