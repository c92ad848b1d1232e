"""Filters and search: the conditions they mean, with the rights of the reader on every step of a path.

A condition on a relation asks whether a row that the reader may see stands there: `party: {}` holds
where there is one, `not: {party: {}}` where there is none or it is hidden. One on a nested list asks
for `some`, `none` or `every` of the rows that the reader may see.
"""

from collections.abc import Callable
from typing import Any

from django.db.models import Exists, OuterRef, Q

from tessera.context import current
from tessera.custom.models import CustomField
from tessera.custom.selectors import SHOWN_AS, custom_filter, fields_of, right_to_read
from tessera.errors import ApiError, Code, Refused
from tessera.graph.filter_types import EVERY, SOME, TAGS
from tessera.graph.ids import key_of
from tessera.graph.shapes import ChildList, Column, Shape, Shapes
from tessera.notes.selectors import READ_TAGS, tagged
from tessera.resource import camel
from tessera.scope import may_view, scoped
from tessera.search.expressions import MOST_WORDS, found_in, words_of

MOST_VALUES = 250
MOST_CONDITIONS = 250
DEEPEST = 5
LONGEST_SEARCH = 200
LOOKUPS = {"eq": "exact", "contains": "icontains", "startsWith": "istartswith", "isNull": "isnull"}


def forbidden(permission: str, path: tuple[str, ...]) -> ApiError:
    """Return the refusal of a field that the actor may not use, with its name."""
    return ApiError(Code.FORBIDDEN, f"This needs the right {permission}.", permission=permission, field=list(path))


def bad(message: str, path: tuple[str, ...]) -> ApiError:
    """Return the refusal of a wrong argument, with its path."""
    return ApiError(Code.BAD_INPUT, message, field=list(path))


class Conditions:
    """Turn filter values into conditions, with the rights of the current actor."""

    def __init__(self, shapes: Shapes) -> None:
        self.shapes = shapes
        self.count = 0
        self.custom: dict[str, dict[str, CustomField]] = {}

    def of(self, shape: Shape, value: dict[str, Any], path: tuple[str, ...] = ("filter",), depth: int = 1) -> Q:
        """Return the condition that a filter value means on rows of `shape`."""
        if depth > DEEPEST:
            raise ApiError(Code.TOO_COMPLEX, f"A filter is nested at most {DEEPEST} deep.", field=list(path))
        condition = Q()
        for name, inner in value.items():
            here = (*path, name)
            if inner is None:
                continue
            if name in ("and", "or"):
                condition &= self._joined(shape, name, inner, here, depth)
            elif name == "not":
                condition &= ~_definite(self.of(shape, inner, here, depth + 1))
            elif name in (camel(SHOWN_AS), TAGS) and name not in shape.filters:
                condition &= self.on_record(shape, name, inner, here)
            elif name == "id":
                condition &= self._compared("id", inner, here, lambda text, at: _key(text, shape, at))
            elif isinstance(member := shape.members.get(name), ChildList):
                condition &= self._list(member, inner, here, depth)
            else:
                condition &= self._member(shape, name, inner, here, depth)
        return condition

    def _joined(self, shape: Shape, word: str, parts: list[Any], path: tuple[str, ...], depth: int) -> Q:
        if len(parts) > MOST_VALUES:
            raise ApiError(Code.TOO_COMPLEX, f"At most {MOST_VALUES} conditions.", field=list(path))
        made = [self.of(shape, part, (*path, str(place)), depth + 1) for place, part in enumerate(parts)]
        joined = Q()
        for each in made:
            if not each and word == "or":
                return Q()  # an empty condition holds for every row
            joined = joined & each if word == "and" else joined | each
        return joined if made or word == "and" else Q(pk__in=())

    def _member(self, shape: Shape, name: str, value: dict[str, Any], path: tuple[str, ...], depth: int) -> Q:
        member = shape.filters[name]
        if member.right and not current().actor.may(member.right):
            raise forbidden(member.right, path)
        if isinstance(member, Column):
            return self._compared(member.attname, value, path)
        if not may_view(member.target):
            raise forbidden(member.target.permission("view"), path)
        self._counted(path)
        inner = self.of(self.shapes.of(member.target), value, path, depth + 1)
        return Q(Exists(scoped(member.target).filter(inner, pk=OuterRef(member.attname)).order_by()))

    def _list(self, member: ChildList, value: dict[str, Any], path: tuple[str, ...], depth: int) -> Q:
        """Return the condition on the rows of a nested list that the reader may see."""
        for right in (member.right, member.child.permission("view")):
            if right and not current().actor.may(right):
                raise forbidden(right, path)
        child = self.shapes.of(member.child)
        # The records that notes hang on are in the reader's scope already, as where their lists are read.
        rows = child.model._default_manager.filter(label=member.label) if member.label else scoped(member.child)
        condition = Q()
        for word, inner in value.items():
            if inner is None:
                continue
            here = (*path, word)
            self._counted(here)
            holds = self.of(child, inner, here, depth + 1)
            found = rows.filter(~_definite(holds) if word == EVERY else holds, **{member.key: OuterRef("pk")}).order_by()
            condition &= Q(Exists(found)) if word == SOME else ~Q(Exists(found))
        return condition

    def on_record(self, shape: Shape, name: str, value: list[Any], path: tuple[str, ...]) -> Q:
        """Return the condition on what hangs on records: every custom field compares so, every tag is there."""
        right = READ_TAGS if name == TAGS else right_to_read(shape.resource)
        if not current().actor.may(right):
            raise forbidden(right, path)
        condition, label = Q(), shape.resource.label
        for place, each in enumerate(value):
            here = (*path, str(place))
            self._counted(here)
            if name == TAGS:
                condition &= tagged(label, each)
                continue
            if label not in self.custom:
                self.custom[label] = fields_of(label)
            try:
                condition &= custom_filter(self.custom[label], label, each["name"], each["op"], each.get("value"))
            except Refused as refusal:
                raise bad(str(refusal), (*here, "name" if each["name"] not in self.custom[label] else "value")) from refusal
        return condition

    def _counted(self, path: tuple[str, ...]) -> None:
        self.count += 1
        if self.count > MOST_CONDITIONS:
            raise ApiError(Code.TOO_COMPLEX, f"A filter has at most {MOST_CONDITIONS} conditions.", field=list(path))

    def _compared(
        self,
        column: str,
        value: dict[str, Any],
        path: tuple[str, ...],
        convert: Callable[..., Any] | None = None,
    ) -> Q:
        condition = Q()
        for operator, operand in value.items():
            if operand is None:
                continue
            self._counted(path)
            several = operator in ("in", "notIn")
            if several and len(operand) > MOST_VALUES:
                raise ApiError(Code.TOO_COMPLEX, f"At most {MOST_VALUES} values.", field=[*path, operator])
            if convert and operator != "isNull":
                here = (*path, operator)
                operand = [convert(each, here) for each in operand] if several else convert(operand, here)
            if operator in ("ne", "notIn"):
                condition &= ~Q(**{f"{column}__{'in' if several else 'exact'}": operand})
            else:
                condition &= Q(**{f"{column}__{LOOKUPS.get(operator, operator)}": operand})
        return condition

    def search(self, shape: Shape, text: str) -> Q:
        """Return the condition that every word of a text is found in a searched column that the actor may read."""
        if len(text) > LONGEST_SEARCH:
            raise bad(f"A search has at most {LONGEST_SEARCH} characters.", ("search",))
        if len(words_of(text)) > MOST_WORDS:
            raise bad(f"A search has at most {MOST_WORDS} words.", ("search",))
        may = current().actor.may
        return found_in((column.attname for column in shape.search if not column.right or may(column.right)), text)


def _definite(condition: Q) -> Q:
    """Return the condition itself; an empty one, which holds always, as one that can be negated."""
    return condition or Q(pk__isnull=False)


def _key(text: str, shape: Shape, path: tuple[str, ...]) -> Any:
    try:
        return key_of(text, shape.name)
    except ValueError:
        raise bad(f"This is no id of the type {shape.name}.", path) from None
