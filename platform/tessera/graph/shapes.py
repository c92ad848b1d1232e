"""What of a resource exists while a given set of modules is on; knows models, nothing of GraphQL."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from django.apps import apps
from django.core.exceptions import ImproperlyConfigured
from django.db import models

from tessera.custom import selectors as custom
from tessera.fields import MemberKey, ModuleKey
from tessera.resource import EVERY_RECORD, Computed, Resource, Under, camel, resource_of, resources

MEMBER = "Member"


@dataclass(frozen=True, eq=False)
class Column:
    """A plain column."""

    name: str
    field: models.Field
    right: str = ""

    @property
    def attname(self) -> str:
        return self.field.attname


@dataclass(frozen=True, eq=False)
class Relation:
    """A key to one row of another resource; `join` is Django's name for it when it is a real one."""

    name: str
    field: models.Field
    target: Resource
    join: str = ""
    right: str = ""

    @property
    def attname(self) -> str:
        return self.field.attname


@dataclass(frozen=True, eq=False)
class ChildList:
    """The rows of another resource whose column `key` points here; with `label`, of those on records of that kind."""

    name: str
    child: Resource
    key: str
    right: str = ""
    label: str = ""


@dataclass(frozen=True, eq=False)
class ComputedField:
    """A value that a function gives for all rows of a page."""

    name: str
    computed: Computed
    right: str = ""


Member = Column | Relation | ChildList | ComputedField


@dataclass(eq=False)
class Shape:
    """A resource in one set of modules: its members by GraphQL name."""

    resource: Resource
    members: dict[str, Member] = field(default_factory=dict)
    filters: dict[str, Column | Relation] = field(default_factory=dict)
    order: dict[str, Column] = field(default_factory=dict)
    search: tuple[Column, ...] = ()
    writable: dict[str, Column | Relation] = field(default_factory=dict)

    @property
    def name(self) -> str:
        return self.resource.name

    @property
    def model(self) -> type[models.Model]:
        return self.resource.model


def column_of(model: type[models.Model], name: str) -> models.Field:
    """Return a model's concrete column by its name or attribute name."""
    for candidate in model._meta.concrete_fields:
        if name in (candidate.name, candidate.attname):
            return candidate
    raise ImproperlyConfigured(f"{model._meta.label} has no column {name}")


class Shapes:
    """The shapes of all resources that exist with the modules `on`."""

    def __init__(self, on: frozenset[str]) -> None:
        self.on = on
        self.by_name = {found.name: Shape(found) for found in resources(on)}
        for shape in self.by_name.values():
            self._fill(shape)
        for shape in self.by_name.values():
            for under in shape.resource.under:
                for parent in self._parents(under):
                    right = parent.resource.field_rights.get(under.name, "")
                    key = self._key(shape.resource, under.key)
                    label = parent.resource.label if under.parent == EVERY_RECORD else ""
                    self._put(parent, ChildList(camel(under.name), shape.resource, key, right, label))

    def __iter__(self) -> Iterator[Shape]:
        return iter(self.by_name.values())

    def of(self, resource: Resource) -> Shape:
        """Return the shape of a resource that exists here."""
        return self.by_name[resource.name]

    def find(self, model: type[models.Model]) -> Shape | None:
        """Return the shape of a model, if it exists here."""
        found = resource_of(model)
        return self.by_name.get(found.name) if found else None

    def _parents(self, under: Under) -> list[Shape]:
        if under.parent == EVERY_RECORD:
            return [shape for shape in self if shape.resource.is_record]
        parent = self._at(under.parent)
        return [parent] if parent else []

    def _at(self, label: str) -> Shape | None:
        try:
            return self.find(apps.get_model(label))
        except LookupError:
            return None

    def target_of(self, column: models.Field) -> tuple[Shape | None, str]:
        """Return what a key column points to here (None when it is absent), and Django's join."""
        if isinstance(column, ModuleKey):
            return self._at(column.target), ""
        if isinstance(column, MemberKey):
            return self.by_name.get(MEMBER), ""
        return self.find(column.related_model), column.name

    def _member(self, resource: Resource, name: str) -> Column | Relation | None:
        column = column_of(resource.model, name)
        right = resource.field_rights.get(name, "")
        if not points_elsewhere(column):
            return Column(camel(column.name), column, right)
        target, join = self.target_of(column)
        if target is None:
            return None
        return Relation(camel(column.name.removesuffix("_id")), column, target.resource, join, right)

    def _fill(self, shape: Shape) -> None:
        resource = shape.resource
        for name in resource.fields:
            if name != "id" and (found := self._member(resource, name)):
                self._put(shape, found)
        for child in resource.children:
            found_child = self._at(child.model) if isinstance(child.model, str) else self.find(child.model)
            if found_child:
                right = resource.field_rights.get(child.name, "")
                key = self._key(found_child.resource, child.key)
                self._put(shape, ChildList(camel(child.name), found_child.resource, key, right))
        for computed in resource.computed:
            self._put(shape, ComputedField(camel(computed.name), computed, resource.field_rights.get(computed.name, "")))
        if resource.is_record:
            self._put(shape, ComputedField(camel(custom.SHOWN_AS), custom.shown_on(resource), custom.right_to_read(resource)))
        for part, names in ((shape.filters, resource.filters), (shape.writable, resource.writable)):
            for name in names:
                if found := self._member(resource, name):
                    part[found.name] = found
        for name in resource.order:
            found = self._member(resource, name)
            if isinstance(found, Column):
                shape.order[name] = found
        searched = [self._member(resource, name) for name in resource.search]
        shape.search = tuple(column for column in searched if isinstance(column, Column))

    @staticmethod
    def _put(shape: Shape, member: Member) -> None:
        if member.name in shape.members or member.name == "id":
            raise ImproperlyConfigured(f"{shape.name} has two fields named {member.name}")
        shape.members[member.name] = member

    @staticmethod
    def _key(child: Resource, key: str) -> str:
        return column_of(child.model, key).attname


def points_elsewhere(column: models.Field) -> bool:
    """Say whether a column holds the key of a row, by foreign key or by a key without constraint."""
    return isinstance(column, (ModuleKey, MemberKey)) or bool(column.many_to_one or (column.one_to_one and column.concrete))
