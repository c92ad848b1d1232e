"""By which columns rows come into a reader's sight and leave it, judged from what the audit kept of them."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any
from uuid import UUID

from django.db.models import Q

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
        self._parents: dict[Leg, set[str]] = defaultdict(set)

    def columns(self) -> set[str]:
        """Return the columns of the row itself that decide."""
        return {leg.column for leg, _ in self.legs if not leg.hops}

    def learn(self, rows: list[Mapping[str, Any]]) -> None:
        """Find out what the keys in these values lead to, in one statement for each way."""
        for leg, wanted in self.legs:
            if leg.key and (keys := {row[leg.key] for row in rows if row.get(leg.key)}):
                model = leg.hops[0].related_model
                found = model._default_manager.filter(leg.condition(wanted, beyond=1), pk__in=sorted(keys))
                self._parents[leg] |= {str(key) for key in found.values_list("pk", flat=True)}

    def holds(self, values: Mapping[str, Any]) -> bool:
        """Say whether a row with these values was reached; of what its keys lead to, `learn` them first, counts what is so now."""
        if self.whole:
            return True
        return any(
            values.get(leg.key) in self._parents[leg] if leg.key else not leg.hops and str(values.get(leg.column)) in wanted
            for leg, wanted in self.legs
        )


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
