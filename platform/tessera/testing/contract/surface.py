"""What others meet of a module: its facts, its resources, its verbs, its reports."""

import inspect
import re
from collections.abc import Callable, Iterator
from dataclasses import fields as dataclass_fields
from datetime import date, datetime, time
from decimal import Decimal
from enum import Enum
from types import GenericAlias, UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints
from uuid import UUID

from django.db.models import Choices

from tessera.events import EVENTS
from tessera.fields import CurrencyField
from tessera.graph.aggregate_types import column_at, is_amount
from tessera.graph.build import build
from tessera.graph.shapes import column_of
from tessera.module import modules
from tessera.resource import RESOURCES, Action, Form, Kanban, List, Resource, parameters_of
from tessera.testing.contract.parts import Part, check

IRREGULAR = (
    *("begun", "born", "bought", "broken", "built", "chosen", "done", "drawn", "found", "given", "gone", "held", "hidden"),
    *("kept", "known", "left", "lent", "lost", "made", "met", "paid", "put", "read", "run", "seen", "sent", "set", "shown"),
    *("shut", "sold", "spent", "split", "taken", "told", "undone", "withdrawn", "won", "written"),
)
PLAIN = (str, int, bool, Decimal, UUID, date, datetime, time, type(None))


@check
def facts_are_in_the_past_tense(part: Part) -> Iterator[str]:
    """A fact is named `<module>.<noun>_<past participle>`, has a docstring and plain values."""
    for fact in part.events:
        label, _, name = fact.name.partition(".")
        if label != part.label:
            yield f"{fact.name} has not the label as prefix"
        words = name.split("_")
        if not re.fullmatch(r"[a-z]+(_[a-z]+)+", name) or not (words[-1].endswith("ed") or words[-1] in IRREGULAR):
            yield f"{fact.name} does not say what happened: <noun>_<past participle>"
        if not (fact.__doc__ or "").strip() or fact.__doc__.startswith(f"{fact.__name__}("):
            yield f"{fact.name} has no docstring"
        for name, hint in get_type_hints(fact).items():
            if name not in ("name", "version") and not _is_plain(hint):
                yield f"{fact.name}: {name} is no plain value: {hint}"
        if get_type_hints(fact).get("subject") is not UUID:
            yield f"{fact.name}: its subject is no UUID"


def _is_plain(hint: Any) -> bool:
    if get_origin(hint) in (Union, UnionType, list, tuple, dict):
        return all(_is_plain(inner) for inner in get_args(hint) if inner is not ...)
    return isinstance(hint, type) and (issubclass(hint, PLAIN) or issubclass(hint, Enum))


@check
def listeners_hear_something(part: Part) -> Iterator[str]:
    """Handlers and hooks listen to facts that exist, and take what they are given."""
    for name, listener in (*part.handlers, *part.hooks):
        where = f"{listener.__module__}.{listener.__qualname__}"
        if name.partition(".")[0] in {*modules(), "access"} and name not in EVENTS:
            yield f"{where} listens to {name}, which nobody tells"
    for _name, handler in part.handlers:
        if len(inspect.signature(handler).parameters) != 1:
            yield f"{handler.__module__}.{handler.__qualname__}: a handler takes the event and nothing else"
    for _name, hook in part.hooks:
        first, *live = inspect.signature(hook).parameters.values() or (None,)
        if first is None or any(each.kind not in (each.KEYWORD_ONLY, each.VAR_KEYWORD) for each in live):
            yield f"{hook.__module__}.{hook.__qualname__}: a hook takes the fact, and live objects by keyword"


@check
def resources_name_columns(part: Part) -> Iterator[str]:
    """What a resource shows, writes, filters, orders, searches, nests, scopes and draws exists and fits."""
    for resource in part.resources:
        yield from (f"{resource.name}: {problem}" for problem in _problems_of(resource))


def _problems_of(resource: Resource) -> Iterator[str]:
    model = resource.model
    columns = {column.name: column for column in model._meta.concrete_fields}
    for kind in ("fields", "writable", "filters", "order", "search"):
        names = getattr(resource, kind)
        for name in names:
            if name not in columns and name != "id":
                yield f"{kind} names {name}, which is no column by that name"
            if names.count(name) > 1:
                yield f"{kind} names {name} twice"
    for name in resource.search:
        if name in columns and column_of(model, name).get_internal_type() not in ("CharField", "TextField", "EmailField"):
            yield f"search names {name}, which is no text"
    for name in resource.writable:
        if name not in resource.fields:
            yield f"{name} can be written but not read"
        kept = name in columns and (not columns[name].editable or (name == "state" and hasattr(model, "MOVES")))
        if kept:
            yield f"{name} can be written, but the platform keeps it"
    shown = {*resource.fields, "id", *(c.name for c in resource.computed), *(c.name for c in resource.children)}
    for name in resource.field_rights:
        if name not in shown:
            yield f"field_rights names {name}, which is not shown"
    yield from _money_problems(resource)
    for scope in filter(None, (resource.scope, resource.scope.shared)):
        for path in (scope.owner, scope.unit, scope.company, scope.creator):
            if path and (problem := _path_problem(model, path, many=scope is resource.scope.shared)):
                yield f"its scope {path}: {problem}"
    for name in resource.import_key:
        if name not in columns:
            yield f"import_key names {name}, which is no column"
    for view in resource.views:
        for name in _drawn_by(view):
            if name not in shown:
                yield f"a {type(view).__name__} draws {name}, which is not shown"


def _money_problems(resource: Resource) -> Iterator[str]:
    """Yield the amounts whose currency nobody says, and currencies that are none."""
    columns = {column.name: column for column in resource.model._meta.concrete_fields}
    for name in resource.fields:
        if name in columns and is_amount(columns[name]) and name not in resource.currencies:
            yield f"currencies says nothing of {name}"
    for name, path in resource.currencies.items():
        if name not in resource.fields or not is_amount(columns[name]):
            yield f"currencies names {name}, which is no amount that is shown"
        elif path and (problem := _path_problem(resource.model, path)):
            yield f"currencies leads from {name} to {path}: {problem}"
        elif path and not isinstance(column_at(resource.model, path), CurrencyField):
            yield f"currencies leads from {name} to {path}, which is no currency"


def _path_problem(model: Any, path: str, *, many: bool = False) -> str:
    """Say why a path leads nowhere; with `many` it may follow relations to many rows as well."""
    for step in path.split("__"):
        if model is None:
            return "it goes on after a plain column"
        columns = model._meta.get_fields() if many else model._meta.concrete_fields
        column = next((c for c in columns if step in (c.name, getattr(c, "attname", ""))), None)
        if column is None:
            return f"{model.__name__} has no column {step}"
        model = column.related_model
    return ""


def _drawn_by(view: Any) -> tuple[str, ...]:
    if isinstance(view, List):
        return view.columns
    if isinstance(view, Kanban):
        return (view.by, *view.card)
    if isinstance(view, Form):
        return tuple(name for _title, names in view.sections for name in names)
    return ()


@check
def models_are_shown_or_kept(part: Part) -> Iterator[str]:
    """A resource shows a model of its own module, and a version where the row has one."""
    for resource in part.resources:
        if resource.model._meta.app_label != part.label:
            yield f"{resource.name} shows {resource.model._meta.label}, which is another module's"
        columns = {column.name for column in resource.model._meta.concrete_fields}
        if "version" in columns and "version" not in resource.fields and (resource.update or resource.actions):
            yield f"{resource.name} can be changed, but does not show its version"
        for child in resource.children:
            found = child.model if isinstance(child.model, type) else None
            if found is not None and not any(other.model is found for other in RESOURCES.values()):
                yield f"{resource.name}.{child.name}: {found.__name__} has no resource"
        for under in resource.under:
            label = under.parent.partition(".")[0]
            if label in modules() and not any(other.model._meta.label == under.parent for other in RESOURCES.values()):
                yield f"{resource.name} shows itself under {under.parent}, which has no resource"


@check
def verbs_are_services(part: Part) -> Iterator[str]:
    """Every action, root mutation, and create, update or delete of one's own is a service with a right and typed parameters."""
    for resource in part.resources:
        own = [(verb, getattr(resource, verb)) for verb in ("create", "update", "delete")]
        verbs = [(verb, service) for verb, service in own if callable(service)]
        verbs += [(action.verb, action.service) for action in resource.actions if isinstance(action, Action)]
        for verb, service in verbs:
            yield from (f"{resource.name}.{verb}{problem}" for problem in _verb_problems(service))
        states = _states_of(resource.model)
        for action in resource.actions:
            if unknown := sorted(set(action.states) - states):
                yield f"{resource.name}.{action.verb} is for the states {', '.join(unknown)}, which it has not"
    for mutation in part.mutations:
        yield from (f"{mutation.name}{problem}" for problem in _verb_problems(mutation.service))


def _verb_problems(service: Any) -> Iterator[str]:
    if not hasattr(service, "path"):
        yield " is no service"
        return
    if not service.permission and not service.public:
        yield " demands no right"
    yield from (f": {problem}" for problem in _parameter_problems(service))


def _states_of(model: Any) -> set[str]:
    """Return the states that a row may be in, by its MOVES or by the choices of its state."""
    column = next((column for column in model._meta.concrete_fields if column.name == "state"), None)
    chosen = {str(value) for value, _label in column.flatchoices or ()} if column else set()
    return chosen | {str(state) for pair in getattr(model, "MOVES", ()) for state in pair}


@check
def reports_are_typed(part: Part) -> Iterator[str]:
    """A report demands a right, and its selector has a docstring, typed keywords and a typed answer."""
    for report in part.reports:
        selector = inspect.unwrap(report.selector)
        if not report.permission:
            yield f"{report.name} demands no right"
        if not (selector.__doc__ or "").strip():
            yield f"{report.name}: {selector.__qualname__} has no docstring"
        if "return" not in selector.__annotations__:
            yield f"{report.name}: {selector.__qualname__} does not say what it returns"
        yield from (f"{report.name}: {problem}" for problem in _parameter_problems(selector))


def _parameter_problems(function: Callable[..., Any]) -> Iterator[str]:
    for parameter in inspect.signature(inspect.unwrap(function)).parameters.values():
        if parameter.kind not in (parameter.KEYWORD_ONLY, parameter.VAR_KEYWORD):
            yield f"{parameter.name} is not keyword-only"
        if parameter.annotation is parameter.empty:
            yield f"{parameter.name} has no type"
    if not any(p.annotation is p.empty for p in inspect.signature(inspect.unwrap(function)).parameters.values()):
        for name, (hint, _default) in parameters_of(function).items():
            if hint is float:
                yield f"{name} is a float: amounts and quantities are Decimal"


@check
def imports_take_typed_rows(part: Part) -> Iterator[str]:
    """An importer demands a right, and its service takes exactly the fields of its row, or a list of such rows."""
    for importer in part.importers:
        if not importer.permission:
            yield f"import {importer.name} demands no right"
        if importer.at_once:
            if parameters_of(importer.service) != {"rows": (GenericAlias(list, importer.row), inspect.Parameter.empty)}:
                yield f"import {importer.name}: its service takes rows: list[{importer.row.__name__}], and nothing else"
            continue
        columns = {each.name for each in dataclass_fields(importer.row)}
        taken = set(inspect.signature(inspect.unwrap(importer.service)).parameters)
        if columns != taken:
            yield f"import {importer.name}: the row has {sorted(columns - taken)}, the service wants {sorted(taken - columns)}"


@check
def choices_are_short(part: Part) -> Iterator[str]:
    """The values of a choice fit their column."""
    for model in part.models:
        for column in model._meta.concrete_fields:
            values = [str(value) for value, _label in column.flatchoices or ()]
            if column.max_length and any(len(value) > column.max_length for value in values):
                yield f"{model.__name__}.{column.name} has a choice longer than its column"
            kind = type(column.get_default()) if column.has_default() else None
            if isinstance(kind, type) and issubclass(kind, Choices) and values and str(column.get_default()) not in values:
                yield f"{model.__name__}.{column.name}: its default is none of its choices"


@check
def schema_of_the_closure_builds(part: Part) -> Iterator[str]:
    """With just the module and what it needs, the schema builds, has its types, and nobody else's."""
    names = set(build(part.closure).type_map)
    yield from (f"{resource.name} is not in it" for resource in part.resources if resource.name not in names)
    for other in RESOURCES.values():
        if other.module in modules() and other.module not in part.closure and other.name in names:
            yield f"it has {other.name} of {other.module}, which is off"
