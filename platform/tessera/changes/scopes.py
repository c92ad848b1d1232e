"""By which columns rows come into a reader's sight and leave it, judged from what the audit kept of them.

What came into sight later does not count for what was deleted before: its id would be one that the reader has never seen.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any
from uuid import UUID

from django.db.models import Q

from tessera.changes.cursor import Place
from tessera.changes.feed import Entry, Order, later_writes, order_of
from tessera.context import Actor, Reach
from tessera.resource import Resource, RowScope


@dataclass(frozen=True, eq=False)
class Leg:
    """One way in which a right reaches rows of a resource: by a column of theirs, or of what `hops` lead to.

    A hop is Django's field: a key of the row, or the other end of a key that points to it.
    """

    resource: Resource
    kind: str  # "own", "units" or "companies", as in Reach
    path: str
    hops: tuple[Any, ...]
    column: str

    @property
    def holder(self) -> type[Any]:
        """Return the model that has the column."""
        return self.hops[-1].related_model if self.hops else self.resource.model

    @property
    def key(self) -> str:
        """Return the column of the row itself by which the first hop goes; "" where it is one that points to the row."""
        return self.hops[0].attname if self.hops and self.hops[0].concrete else ""

    def wanted(self, actor: Actor, reach: Reach) -> frozenset[str]:
        """Return the values of the column that the reach takes in, as the audit spells them."""
        if self.kind == "own":
            return frozenset({str(actor.member_id)}) if reach.own and actor.member_id else frozenset()
        return frozenset(map(str, getattr(reach, self.kind)))

    def condition(self, values: Iterable[str], *, beyond: int = 0) -> Q:
        """Return the condition that the path, without its first hops, ends at one of these values."""
        return Q(**{f"{self.path.split('__', beyond)[-1]}__in": sorted(values)})


@cache
def legs_of(resource_name: str) -> tuple[Leg, ...]:
    """Return all ways in which rights reach rows of a resource."""
    from tessera.resource import RESOURCES

    resource = RESOURCES[resource_name]
    scopes = [scope for scope in (resource.scope, resource.scope.shared) if scope]
    return tuple(_leg(resource, kind, path) for scope in scopes for kind, path in _paths(scope))


def _paths(scope: RowScope) -> Iterator[tuple[str, str]]:
    for kind, path in (("own", scope.owner), ("units", scope.unit), ("companies", scope.company)):
        if path:
            yield kind, path


def _leg(resource: Resource, kind: str, path: str) -> Leg:
    *names, last = path.split("__")
    model, hops = resource.model, []
    for name in names:
        hops.append(model._meta.get_field(name))
        model = hops[-1].related_model
    return Leg(resource, kind, path, tuple(hops), model._meta.get_field(last).attname)


class Reached:
    """Which rows of one resource, known by their values only, a right reached."""

    def __init__(self, resource: Resource, actor: Actor) -> None:
        reach = actor.reach(resource.permission("view"))
        assert reach is not None
        self.resource = resource
        found = [(leg, leg.wanted(actor, reach)) for leg in legs_of(resource.name)]
        self.whole = reach.everything or not any((resource.scope.owner, resource.scope.unit, resource.scope.company))
        self.legs = [(leg, wanted) for leg, wanted in found if wanted]
        self._holders: dict[Leg, dict[UUID, set[UUID]]] = defaultdict(lambda: defaultdict(set))
        self._later: dict[Leg, dict[UUID, list[tuple[Order, str | None]]]] = {}

    def columns(self) -> set[str]:
        """Return the columns of the row itself that decide."""
        return {leg.column for leg, _ in self.legs if not leg.hops}

    def learn(self, entries: list[Entry]) -> None:
        """Find out what the keys in the values before these entries lead to, and since when: two statements for each way."""
        for leg, wanted in self.legs:
            if leg.key and (keys := {UUID(entry.before[leg.key]) for entry in entries if entry.before.get(leg.key)}):
                back = "__".join(hop.name for hop in leg.hops[1:]) or "pk"
                model = leg.hops[0].related_model
                reached = model._default_manager.filter(leg.condition(wanted, beyond=1), pk__in=sorted(keys))
                for key, holder in reached.values_list("pk", back):
                    self._holders[leg][key].add(holder)
                records = keys if len(leg.hops) == 1 else set().union(*self._holders[leg].values())
                self._later[leg] = later_writes(entries[0].place, leg.holder._meta.label, records, leg.column)

    def held(self, entry: Entry, values: Mapping[str, Any] | None = None) -> bool:
        """Say whether the row was reached before an entry, by its values then; `learn` what its keys lead to first."""
        before = entry.before if values is None else values
        return self.whole or any(
            self._was_held(leg, wanted, UUID(before[leg.key]), order_of(entry.place))
            if leg.key and before.get(leg.key)
            else not leg.hops and str(before.get(leg.column)) in wanted
            for leg, wanted in self.legs
        )

    def held_still(self, place: Place, key: UUID) -> bool:
        """Say whether a row that is there was reached at a place of the feed already, by one of the ways by which it is now."""
        rows = self.resource.model._default_manager.filter(pk=key)
        for leg, wanted in () if self.whole else self.legs:
            back = "__".join(hop.name for hop in leg.hops) or "pk"
            holders = set(rows.filter(leg.condition(wanted)).values_list(back, flat=True))
            if holders - later_writes(place, leg.holder._meta.label, holders, leg.column).keys():
                return True
        return self.whole

    def _was_held(self, leg: Leg, wanted: frozenset[str], key: UUID, then: Order) -> bool:
        """Say whether what a key leads to was reached then: not what came to be so later."""
        later = self._later.get(leg, {})
        holders = self._holders[leg][key]
        if len(leg.hops) > 1:
            return any(all(at < then for at, _ in later.get(holder, ())) for holder in holders)
        values = [before for at, before in later.get(key, ()) if at > then]
        return values[0] in wanted if values else bool(holders)


def drawn_along(reached: Iterable[Reached]) -> dict[str, list[tuple[Leg, frozenset[str]]]]:
    """Return by the label of each model the ways that end at a column of it and lead to rows of another kind."""
    found: dict[str, list[tuple[Leg, frozenset[str]]]] = defaultdict(list)
    for each in reached:
        for leg, wanted in () if each.whole else each.legs:
            if leg.hops:
                found[leg.holder._meta.label].append((leg, wanted))
    return found


def keys_along(leg: Leg, holder: UUID, gone: Mapping[str, Any] | None, most: int) -> list[UUID]:
    """Return the rows to which a way leads back from the row that holds its column, or from the values of one that is `gone`."""
    names = [hop.name for hop in leg.hops]
    back = "__".join(names[:-1]) or "pk"
    where = {"__".join(names): holder} if gone is None else {back: gone[leg.hops[-1].field.attname]}
    return list(leg.resource.model._default_manager.filter(**where).order_by("pk").values_list("pk", flat=True).distinct()[:most])
