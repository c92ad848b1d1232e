"""Which rows an actor may reach: the row scope of a resource, as a condition on its queryset.

Whoever reads or picks rows on behalf of a person starts from `scoped`: lists, single rows, nested
lists, counts, keys given to a service, search and export alike. Nothing here tells a hidden row
from one that does not exist.
"""

from functools import partial
from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.db.models import BooleanField, F, Func, Q, QuerySet, TextField, Value

from tessera.audit.outside import OUTSIDE
from tessera.context import Actor, Context, Reach, current
from tessera.resource import Resource, RowScope, is_on, resource_of, resources

NOTHING = Q(pk__in=())


class OneOf(Func):
    """A text is one of an array, which is one value however many there are."""

    template, arg_joiner, output_field = "%(expressions)s)", " = ANY(", BooleanField()


def visible(resource: Resource, actor: Actor | None = None, verb: str = "view") -> Q | None:
    """Return the condition under which `actor` (default: the current one) reaches a row by `verb`.

    None means every row, `NOTHING` none: without the right, or when the resource declares scope
    columns but none of the kind that the right reaches by. A resource that declares no scope
    column at all is reached whole by whoever holds the right.
    """
    return within(resource, actor or current().actor, resource.permission(verb))


def within(resource: Resource, actor: Actor, permission: str) -> Q | None:
    """Return the condition for the rows that the right `permission` reaches, like `visible`."""
    reach = actor.reach(permission)
    if reach is None:
        return NOTHING
    scope = resource.scope
    if scope.on_record:
        return None if actor.is_system else _on_visible_records(actor)
    if reach.everything or not (scope.owner or scope.unit or scope.company):
        return None
    condition = _by_columns(resource, actor, reach)
    if scope.creator and actor.member_id and permission == resource.permission("view"):
        condition |= Q(**{scope.creator: actor.member_id})
    return condition or NOTHING


def _by_columns(resource: Resource, actor: Actor, reach: Reach) -> Q:
    condition = _along(resource.scope, actor, reach)
    if (shared := resource.scope.shared) and (also := _along(shared, actor, reach)):
        condition |= Q(pk__in=resource.model._default_manager.filter(also).values("pk"))
    return condition


def _along(scope: RowScope, actor: Actor, reach: Reach) -> Q:
    condition = Q()
    if reach.own and scope.owner and actor.member_id:
        condition |= Q(**{scope.owner: actor.member_id})
    if reach.units and scope.unit:
        condition |= Q(**{f"{scope.unit}__in": sorted(reach.units)})
    if reach.companies and scope.company:
        condition |= Q(**{f"{scope.company}__in": sorted(reach.companies)})
    return condition


def _on_visible_records(actor: Actor) -> Q:
    """Return the condition for rows whose record (columns `label` and `record`) `actor` may view.

    The kinds that are seen whole share one comparison of the label: what was deleted of them counts
    as seen. Of the others the record has to be there. Which of the first are on is a value, so that a
    statement for who sees all serves tenants with any modules.
    """
    whole, condition = [], Q()
    for resource in resources():
        visible_ones = NOTHING if resource.scope.on_record else visible(resource, actor)
        if visible_ones is None:
            whole.append(resource)
        elif visible_ones is not NOTHING and is_on(resource, current()):
            rows = resource.model._default_manager.filter(visible_ones)
            condition |= Q(label=resource.label, record__in=rows.values("pk"))
    outside = tuple(label for label, kind in OUTSIDE.items() if actor.may(kind.permission))
    if whole or outside:
        labels = current().texts(partial(_labels_on, tuple(whole), outside))
        condition |= Q(OneOf(F("label"), Value(labels, ArrayField(TextField()))))
    return condition or NOTHING


def _labels_on(kinds: tuple[Resource, ...], outside: tuple[str, ...], context: Context) -> list[str]:
    return [*(resource.label for resource in kinds if is_on(resource, context)), *outside]


def scoped(resource: Resource, actor: Actor | None = None, verb: str = "view") -> QuerySet[Any]:
    """Return the rows of a resource that `actor` reaches by `verb`; empty without the right."""
    rows = resource.model._default_manager.all()
    condition = visible(resource, actor, verb)
    return rows if condition is None else rows.filter(condition)


def visible_rows(model: Any) -> QuerySet[Any]:
    """Return the rows of a model that the current actor may view, for selectors that sum or count on their behalf."""
    resource = resource_of(model)
    if resource is None:
        raise LookupError(f"{model._meta.label} has no resource")
    return scoped(resource)


def may_view(resource: Resource) -> bool:
    """Say whether the current actor holds the right to view a resource at all."""
    return current().actor.may(resource.permission("view"))
