"""Rows of any model, made from what its columns and constraints say.

    rows = Rows("AMBER")                  # inside a tenant, as the system
    party = rows.row(Party, 0)            # its keys lead to further rows, made as they are needed

Keys, and whatever is unique, depend on the model and the number alone, so two tenants get rows with
equal ids, codes and addresses; free text carries the mark, so that one knows whose it is. Where the
values that come first break a check constraint, others are tried until none is broken. What a
module's constraints and triggers want beyond that it says in its `tests/factories.py`:

    ROWS = {"Entry": {"state": "draft", "title": lambda rows, number: f"entry {number}"}}
"""

import hashlib
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from itertools import islice, product
from typing import Any
from uuid import UUID

from django.apps import apps
from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import NOT_PROVIDED, CheckConstraint, Q, UniqueConstraint

from tessera.db.router import is_public
from tessera.fields import CurrencyField, MemberKey, ModuleKey
from tessera.models import Model
from tessera.unit_of_work import savepoint, unit_of_work

CURRENCIES = ("CNY", "USD", "EUR", "JPY", "GBP", "CHF")
SHORTEST = 12
MOST_TRIES = 4_000
FIRST_DAY = date(2026, 1, 5)


class NoRow(Exception):
    """Raised where no row of a model could be found that its constraints allow."""


def tenant_models() -> list[type[Model]]:
    """Return every model of a tenant's schema."""
    return [model for model in apps.get_models() if issubclass(model, Model) and not is_public(model._meta.app_label)]


def key_of(model: type[models.Model], number: int) -> UUID:
    """Return the key of the row `number` of a model, the same in every tenant."""
    return UUID(bytes=hashlib.md5(f"{model._meta.label}:{number}".encode(), usedforsecurity=False).digest())


class Rows:
    """The rows of one tenant, by model and number."""

    def __init__(self, mark: str) -> None:
        self.mark = mark
        self.made: dict[tuple[type[models.Model], int], Any] = {}
        self._busy: set[tuple[type[models.Model], int]] = set()

    def row(self, model: type[Any], number: int = 0) -> Any:
        """Return the row `number` of a model, making it and what it points to the first time."""
        if (model, number) not in self.made:
            self.made[model, number] = self._make(model, number)
        return self.made[model, number]

    def fill(self, *numbers: int, only: Any = None) -> dict[type[models.Model], str]:
        """Make these rows of every model of the tenant; return the reasons where there is none, by model."""
        reasons = {}
        with unit_of_work():
            for model in tenant_models() if only is None else only:
                before = set(self.made)
                try:
                    with savepoint():
                        for number in numbers:
                            self.row(model, number)
                except Exception as error:
                    reasons[model] = f"{type(error).__name__}: {error}"
                    self.made = {each: row for each, row in self.made.items() if each in before}
        return reasons

    def _make(self, model: type[Any], number: int) -> Any:
        self._busy.add((model, number))
        try:
            given = _said_of(model._meta.label)
            row = model(pk=key_of(model, number))
            for column in model._meta.concrete_fields:
                if column.primary_key or column.has_db_default() or isinstance(column, models.GeneratedField):
                    continue
                if column.name in given:
                    value = given[column.name]
                    setattr(row, column.name, value(self, number) if callable(value) else value)
                else:
                    setattr(row, column.attname, self._value(model, column, number))
            self._repair(row, number, set(given))
            if same := _same(row):
                return same
            with unit_of_work():
                row.save()
            return row
        finally:
            self._busy.discard((model, number))

    def _value(self, model: type[Any], column: Any, number: int) -> Any:
        if isinstance(column, MemberKey):
            return self._key(apps.get_model("access", "Member"), number, column.null)
        if isinstance(column, ModuleKey):
            return self._module_key(column, number)
        if column.remote_field:
            return self._key(column.related_model, number, column.null)
        if column.choices:
            values = [value for value, _label in column.flatchoices if value not in ("", None)]
            return column.get_default() if column.has_default() else values[number % len(values)]
        if isinstance(column, (models.CharField, models.TextField)) and not isinstance(column, CurrencyField):
            return self._text(model, column, number)
        return next(self._candidates(model, column, number))

    def _key(self, target: type[Any], number: int, may_be_none: bool) -> UUID | None:
        """Return the key of the row `number` of another model; a tree hangs on its row before."""
        if (target, number) in self._busy:
            if number and (target, number - 1) not in self._busy:
                return self.row(target, number - 1).pk
            if may_be_none:
                return None
            raise NoRow(f"{target._meta.label} needs itself")
        try:
            return self.row(target, number).pk
        except NoRow:
            if may_be_none:
                return None
            raise

    def _module_key(self, column: ModuleKey, number: int) -> UUID | None:
        try:
            target = apps.get_model(column.target) if column.target else None
        except LookupError:
            target = None
        if target is None:
            return None if column.null else key_of(column.model, number)
        return key_of(target, number)

    def _text(self, model: type[Any], column: Any, number: int) -> str:
        longest = column.max_length or 200
        if isinstance(column, models.EmailField):
            return f"person{number}@example.com"
        if is_unique(model, column.name) or longest < SHORTEST:
            return f"{model.__name__[: max(longest - 3, 0)].upper()}{number}"[:longest]
        return f"{self.mark} {model.__name__}.{column.name} {number}"[:longest]

    def _candidates(self, model: type[Any], column: Any, number: int) -> Iterator[Any]:
        """Yield values for a column, the most telling first; what comes later is tried where a check refuses."""
        if column.has_default() and column.default is not NOT_PROVIDED:
            yield column.get_default()
        if column.choices:
            yield from (value for value, _label in column.flatchoices if value not in ("", None))
        elif isinstance(column, CurrencyField):
            yield CURRENCIES[number % len(CURRENCIES)]
        elif isinstance(column, (models.CharField, models.TextField)):
            yield from (self._text(model, column, number), "AAA", "A", "1")
        elif isinstance(column, models.BooleanField):
            yield from (True, False)
        elif isinstance(column, models.DecimalField):
            yield from (Decimal(number + 1), Decimal(0), Decimal("0.5"), Decimal(1), Decimal(-1))
        elif isinstance(column, models.IntegerField):
            yield from (number + 1, 0, 1, 2, -1)
        elif isinstance(column, models.DateTimeField):
            yield datetime.combine(self._day(model, column, number), time(9), UTC)
        elif isinstance(column, models.DateField):
            yield self._day(model, column, number)
        elif isinstance(column, models.TimeField):
            yield time(9 + number)
        elif isinstance(column, models.JSONField):
            yield {}
        elif isinstance(column, ArrayField):
            yield [next(self._candidates(model, column.base_field, number))]
        elif column.remote_field:
            yield from (self._key(column.related_model, other, column.null) for other in (number, number - 1 if number else 1))
        elif isinstance(column, models.UUIDField):
            yield from (key_of(model, number), key_of(model, number + 100))
        elif not column.null:
            raise NoRow(f"{column} is a {type(column).__name__}")
        if column.null:
            yield None
        if column.blank and isinstance(column, (models.CharField, models.TextField)):
            yield ""

    def _day(self, model: type[Any], column: Any, number: int) -> date:
        """Return a day: rows are 40 days apart, and a later column of a row is a day later."""
        days = [each.name for each in model._meta.concrete_fields if isinstance(each, models.DateField)]
        return FIRST_DAY + timedelta(days=40 * number + days.index(column.name))

    def _repair(self, row: Any, number: int, fixed: set[str]) -> None:
        """Try other values until no check constraint is broken."""
        checks = [each.condition for each in row._meta.constraints if isinstance(each, CheckConstraint)]
        if not checks or _holds(row, checks):
            return
        broken = [check for check in checks if not _holds(row, [check])]
        names = list(dict.fromkeys(name for check in broken for name in _names_in(check)))
        columns = [
            row._meta.get_field(name) for name in names if name not in fixed and row._meta.get_field(name).editable is not None
        ]
        columns = [column for column in columns if not column.primary_key]
        options = [list(dict.fromkeys([getattr(row, c.attname), *self._candidates(type(row), c, number)])) for c in columns]
        for values in islice(product(*options), MOST_TRIES):
            for column, value in zip(columns, values, strict=True):
                setattr(row, column.attname, value)
            if _holds(row, checks):
                return
        raise NoRow(f"{row._meta.label}: no values of {', '.join(names)} meet its constraints")


def _same(row: Any) -> Any:
    """Return the row that is there already where there may be only one, such as the settings or the year of a company."""
    for names, condition in _once_only(type(row)):
        values = {name: getattr(row, row._meta.get_field(name).attname) for name in names}
        known = names and None not in values.values() and (not condition or _holds(row, [condition]))
        if known and (found := type(row)._base_manager.filter(condition, **values).first()):
            return found
    return None


def _once_only(model: type[models.Model]) -> Iterator[tuple[list[str], Q]]:
    """Yield which columns identify a row of a model, and among which rows."""
    for column in model._meta.concrete_fields:
        if column.unique and not column.primary_key:
            yield [column.name], Q()
    for each in model._meta.constraints:
        if isinstance(each, UniqueConstraint):
            yield list(each.fields), each.condition or Q()
        elif isinstance(each, ExclusionConstraint):
            equal = [name for name, operator in each.expressions if operator == "=" and isinstance(name, str)]
            yield equal, each.condition or Q()


def is_unique(model: type[models.Model], name: str) -> bool:
    """Say whether a column is unique, by itself or with others."""
    if model._meta.get_field(name).unique:
        return True
    return any(isinstance(each, UniqueConstraint) and name in each.fields for each in model._meta.constraints)


@cache
def _said_of(label: str) -> dict[str, Any]:
    """Return what the module's factories say of a model's columns."""
    app, _, name = label.partition(".")
    path = f"{apps.get_app_config(app).name}.tests.factories"
    try:
        found = find_spec(path)
    except ModuleNotFoundError:
        found = None
    return getattr(import_module(path), "ROWS", {}).get(name, {}) if found else {}


def _holds(row: Any, checks: list[Q]) -> bool:
    return Q(*checks).check(row._get_field_expression_map(meta=row._meta))


def _names_in(thing: Any) -> Iterator[str]:
    """Yield the columns that a condition speaks of."""
    if isinstance(thing, Q):
        for child in thing.children:
            yield from _names_in(child)
    elif isinstance(thing, tuple):
        yield thing[0].partition("__")[0]
        yield from _names_in(thing[1])
    elif isinstance(thing, models.F):
        yield thing.name.partition("__")[0]
    elif hasattr(thing, "get_source_expressions"):
        for inner in thing.get_source_expressions():
            yield from _names_in(inner)
