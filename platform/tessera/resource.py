"""What is said of a model once, and from which API, console, import, export and rights derive.

A module's `resources.py` holds one `Resource` per model that people may see, and `Report`s for
questions that are more than rows. Only what is named here can be reached from outside.
"""

import inspect
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cache, lru_cache
from typing import Any, TypeVar, get_args, get_type_hints

from django.core.exceptions import ImproperlyConfigured
from django.db.models import Model

from tessera.context import Context
from tessera.models import Record
from tessera.module import module_of, modules

EVERY_RECORD = "*"


def snake(name: str) -> str:
    """Return `SalesOrder` as `sales_order`."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()


@lru_cache(16_384)  # the same names for each set of modules
def camel(name: str) -> str:
    """Return `sales_order` as `salesOrder`."""
    first, *rest = name.split("_")
    return first + "".join(word[:1].upper() + word[1:] for word in rest)


@dataclass(frozen=True)
class Deprecated:
    """Said of what is going to leave the API: what to use instead, and the day until which it stays.

    `reason` is a sentence, `Ask for `number`.`; it stays at least a year after the release that says so.
    """

    reason: str
    until: date


@dataclass(frozen=True)
class Action:
    """A domain verb: the mutation `<noun><Verb>` made from a typed service.

    When the service's first parameter is the resource's model, the mutation takes the row's `id`
    (and `version`), and the other parameters become its input. `bulk` offers it on list selections.
    """

    verb: str
    service: Callable[..., Any]
    title: Any = ""
    states: tuple[str, ...] = ()
    bulk: bool = False
    deprecated: Deprecated | None = None


@dataclass(frozen=True)
class Computed:
    """A field that is no column: `load(ids) -> {id: value}` for all rows of a page at once.

    The type is the return annotation's value type: `def load(*, ids: list[UUID]) -> dict[UUID, Decimal | None]`.
    """

    name: str
    load: Callable[..., Mapping[Any, Any]]
    title: Any = ""


@dataclass(frozen=True)
class Children:
    """A nested list: the rows of `model` (a class, or "label.Model" of a module that may be absent)
    whose column `key` points here. Declared by the parent, or by the child through `Resource.under`."""

    name: str
    model: Any
    key: str


@dataclass(frozen=True)
class Under:
    """Said by a child: show me as the nested list `name` of `parent` ("base.Party") by my column `key`.

    With `EVERY_RECORD` as its parent a child hangs on records of any kind: its column `label` says
    of which kind, and its scope is `on_record`.
    """

    parent: str
    name: str
    key: str


@dataclass(frozen=True)
class RowScope:
    """Which columns tell how a row relates to a reader: its owner, unit and company.

    Paths may follow relations to one row (`order__owner`). A resource that names none of them is
    seen whole by all who may view it; see `tessera.scope` for what a reach then selects. A row that
    hangs on a record (`on_record`) is reached by whoever may view that record, whatever the reach.

    `shared` are further paths, which may follow relations to many rows: a request is also reached by
    whoever is asked in it, a party through any company in which it has a role. `creator` is who made the
    row: that member goes on seeing it, whosever it has become, and reaches it by no other right.
    """

    owner: str = ""
    unit: str = ""
    company: str = ""
    on_record: bool = False
    shared: "RowScope | None" = None
    creator: str = ""


@dataclass(frozen=True)
class List:
    """A table in the console."""

    columns: tuple[str, ...]


@dataclass(frozen=True)
class Kanban:
    """Cards in columns by a field."""

    by: str
    card: tuple[str, ...] = ()


@dataclass(frozen=True)
class Form:
    """A form: sections of field names."""

    sections: tuple[tuple[Any, tuple[str, ...]], ...] = ()


@dataclass(frozen=True, kw_only=True)
class Resource:
    """All that the API, the console, import, export, audit and rights need to know of one model.

    `fields` are readable columns and relations (a relation shows while its target has a resource
    in an enabled module); `writable` are those that the generic create and update accept. `create`,
    `update` and `delete` are True for the generic service (rights `<module>.<noun>_create` and so
    on), a service of one's own, or False. `field_rights` names the right without which a field
    reads as null and may be neither filtered, ordered, searched, counted by nor written.
    `currencies` says in which currency each shown amount is: a path to a column with its code (`currency`,
    `document__currency`), or "" where it has none; without one an amount cannot be summed or compared over rows.
    `fields`, `writable`, `filters`, `order` and `search` name columns of this model (`party`, not
    `party_id`, and never a path); `id` can always be filtered and ordered by. `deprecated` names
    fields, computed ones and nested lists that are going to leave.
    """

    model: type[Model]
    fields: tuple[str, ...]
    name: str = ""
    plural: str = ""
    title: Any = ""
    writable: tuple[str, ...] = ()
    create: Any = False
    update: Any = False
    delete: Any = False
    filters: tuple[str, ...] = ()
    order: tuple[str, ...] = ()
    search: tuple[str, ...] = ()
    computed: tuple[Computed, ...] = ()
    children: tuple[Children, ...] = ()
    under: tuple[Under, ...] = ()
    actions: tuple[Action, ...] = ()
    views: tuple[Any, ...] = ()
    scope: RowScope = RowScope()
    field_rights: Mapping[str, str] = field(default_factory=dict)
    deprecated: Mapping[str, Deprecated] = field(default_factory=dict)
    currencies: Mapping[str, str] = field(default_factory=dict)
    import_key: tuple[str, ...] = ()
    module: str = ""

    def __post_init__(self) -> None:
        set_ = object.__setattr__
        set_(self, "name", self.name or self.model.__name__)
        set_(self, "module", self.module or self.model._meta.app_label)
        set_(self, "plural", self.plural or self.name + "s")
        set_(self, "title", self.title or self.model._meta.verbose_name_plural)
        if other := RESOURCES.get(self.name):
            raise ImproperlyConfigured(f"{self.model._meta.label} and {other.model._meta.label} are both named {self.name}")
        named = (*self.fields, *self.writable, *self.filters, *self.order, *self.search)
        if unknown := [name for name in dict.fromkeys(named) if not _has_column(self.model, name)]:
            raise ImproperlyConfigured(f"{self.name} names fields that its model has not: {unknown}")
        RESOURCES[self.name] = self

    @property
    def noun(self) -> str:
        """Return the name as in permissions: `sales_order`."""
        return snake(self.name)

    def permission(self, verb: str) -> str:
        """Return the right for a generic verb: `orders.sales_order_view`."""
        return f"{self.module}.{self.noun}_{verb}"

    @property
    def label(self) -> str:
        """Return the kind of record: the label of the model, `orders.SalesOrder`."""
        return self.model._meta.label

    @property
    def is_record(self) -> bool:
        """Say whether its rows are what people of a module edit: these take custom fields, comments, files and tags."""
        return issubclass(self.model, Record) and self.module in modules()

    @property
    def verbs(self) -> tuple[str, ...]:
        """Return the generic verbs that exist for this resource."""
        return ("view", *(verb for verb in ("create", "update", "delete") if getattr(self, verb) is True))


@dataclass(frozen=True, kw_only=True)
class Report:
    """A root field made from a typed selector: `trialBalance(book: ID!, ...): TrialBalance!`.

    The selector takes keyword-only, typed parameters and returns a dataclass, a list of
    dataclasses, a row of a resource, or a scalar; its docstring is the description.
    """

    name: str
    selector: Callable[..., Any]
    permission: str
    module: str = ""
    deprecated: Deprecated | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "module", self.module or module_of(self.selector) or "")
        if self.name in REPORTS:
            raise ImproperlyConfigured(f"two reports are named {self.name}")
        REPORTS[self.name] = self


@dataclass(frozen=True, kw_only=True)
class Mutation:
    """A root mutation made from a typed service that is about no row: `moduleEnable(input: ...)`.

    What the service returns, a dataclass, is the payload's `result`.
    """

    name: str
    service: Callable[..., Any]
    module: str = ""
    deprecated: Deprecated | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "module", self.module or module_of(self.service) or "")
        if self.name in MUTATIONS:
            raise ImproperlyConfigured(f"two mutations are named {self.name}")
        MUTATIONS[self.name] = self


Declared = TypeVar("Declared", "Resource", "Report", "Mutation")
RESOURCES: dict[str, Resource] = {}
REPORTS: dict[str, Report] = {}
MUTATIONS: dict[str, Mutation] = {}


def _has_column(model: type[Model], name: str) -> bool:
    return any(name in (f.name, f.attname) for f in model._meta.concrete_fields)


def declared(found: Mapping[str, Declared], on: frozenset[str]) -> list[Declared]:
    """Return what the kernel and the modules that are on have declared, by name."""
    known = modules()
    return [each for _, each in sorted(found.items()) if each.module in on or each.module not in known]


def resources(labels: frozenset[str] | None = None) -> list[Resource]:
    """Return the resources of the kernel and of the given modules (default: of all), by name."""
    return declared(RESOURCES, frozenset(modules()) if labels is None else labels)


def is_on(resource: Resource, context: Context) -> bool:
    """Say whether a resource is there in a context: it is the kernel's, or of a module that is on."""
    return resource.module not in modules() or context.has(resource.module)


def resource_of(model: type[Model]) -> Resource | None:
    """Return the resource of a model, if it has one."""
    return next((found for found in RESOURCES.values() if found.model is model), None)


@cache  # the same for each set of modules
def hints_of(thing: Any) -> Mapping[str, Any]:
    """Return the types that a function, dataclass or TypedDict declares, by name."""
    return get_type_hints(thing)


@cache
def parameters_of(service: Callable[..., Any]) -> Mapping[str, tuple[Any, Any]]:
    """Return a service's parameters as name -> (type, default or inspect.Parameter.empty).

    `**terms: Unpack[Terms]` stands for the keys of a TypedDict, which several services may share.
    """
    function = inspect.unwrap(service)
    hints = hints_of(function)
    found: dict[str, tuple[Any, Any]] = {}
    for name, parameter in inspect.signature(function).parameters.items():
        if parameter.kind is parameter.VAR_KEYWORD:
            (shared,) = get_args(hints[name])
            required = shared.__required_keys__
            found |= {key: (hint, parameter.empty if key in required else None) for key, hint in hints_of(shared).items()}
        else:
            found[name] = (hints[name], parameter.default)
    return found


def returns_of(service: Callable[..., Any]) -> Any:
    """Return a service's return type."""
    return hints_of(inspect.unwrap(service)).get("return")
