"""What a lost, doubled or half-done effect leaves behind in a company's schema, looked for in all of its rows."""

import re
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from django.apps import apps
from django.db import connections
from django.db.models import CharField, Count, Max, Sum
from tessera.context import TenantRef, enter, system
from tessera.models import Model
from tessera.numbering.models import NumberSeries
from tessera.outbox.models import Delivery, OutboxEvent, SubjectSequence
from tessera.settings.base import database

from modules.erp.finance.models import Entry, EntryLine
from modules.scm.stock.tests.factories import broken

Rows = Counter[str]


@contextmanager
def inside(url: str, slug: str) -> Iterator[None]:
    """Be in a company of the database behind `url`, as its superuser, so that faults can be planted there too."""
    before = {alias: dict(connections[alias].settings_dict) for alias in ("default", "shared")}
    try:
        for alias in before:
            _turn(alias, {key: value for key, value in database(url).items() if key != "OPTIONS"})
        with connections["shared"].cursor() as cursor:
            cursor.execute("SELECT id, schema_name FROM tenants_tenant WHERE slug = %s", [slug])
            tenant = TenantRef(*cursor.fetchone())
        with enter(tenant, actor=system("look for faults"), modules=frozenset({"base", "stock", "finance"})):
            yield
    finally:
        for alias, kept in before.items():
            _turn(alias, kept)


def _turn(alias: str, to: dict[str, object]) -> None:
    connection = connections[alias]
    connection.close()
    connection.close_pool()
    connection.settings_dict.update(to)


def count_rows() -> Rows:
    """Return how many rows each table of the company has."""
    with connections["default"].cursor() as cursor:
        tables = connections["default"].introspection.table_names(cursor)
        found: Rows = Counter()
        for table in tables:
            cursor.execute(f'SELECT count(*) FROM "{table}"')
            found[table] = cursor.fetchone()[0]
    return found


def faults() -> list[str]:
    """Name everything that cannot be where each effect happened once and whole."""
    return [*stuck(), *lost_facts(), *numbers_missing(), *unbalanced(), *broken()]


def stuck() -> list[str]:
    """Name the deliveries that are not done."""
    rest = Delivery.objects.exclude(state__in=[Delivery.State.DONE, Delivery.State.SKIPPED])
    return [f"{row.handler} of {row.subject}, {row.seq}: {row.state} {row.error[:200]}" for row in rest]


def lost_facts() -> list[str]:
    """Name the subjects whose facts are not numbered 1, 2, 3 ... to their last."""
    told = dict(OutboxEvent.objects.values_list("subject").annotate(Count("id"), Max("seq")).values_list("subject", "seq__max"))
    counts = dict(OutboxEvent.objects.values_list("subject").annotate(n=Count("id")).values_list("subject", "n"))
    return [
        f"subject {row.subject} has {counts.get(row.subject)} facts to {told.get(row.subject)}, not {row.last}"
        for row in SubjectSequence.objects.all()
        if not row.last == counts.get(row.subject) == told.get(row.subject)
    ]


def numbers_missing() -> list[str]:
    """Name the series whose numbers are not all there, from the first to the last that was given; twice they cannot be."""
    given = {number for model in _models() for number in _numbers(model)}
    found = []
    for series in NumberSeries.objects.all():
        pattern = re.sub(r"\\\{n[^}]*\\\}", r"(\\d+)", re.escape(series.pattern))
        form = re.compile(re.sub(r"\\\{[^}]*\\\}", r"\\d+", pattern))
        mine = sorted(int(match[1]) for number in given if (match := form.fullmatch(number)))
        if mine != list(range(1, series.last + 1)):
            found.append(f"{series.scope} gave {series.last} numbers, there are {mine}")
    return found


def _models() -> list[type[Model]]:
    tables = count_rows()
    return [model for model in apps.get_models() if issubclass(model, Model) and model._meta.db_table in tables]


def _numbers(model: type[Model]) -> Iterator[str]:
    for field in model._meta.concrete_fields:
        if isinstance(field, CharField) and field.name in ("number", "code"):
            yield from model.objects.exclude(**{field.name: None}).values_list(field.name, flat=True)


def unbalanced() -> list[str]:
    """Name the posted entries whose debit is not their credit."""
    sums: dict[object, Counter[str]] = {}
    lines = EntryLine.objects.filter(entry__state=Entry.State.POSTED).values_list("entry", "side")
    for entry, side, amount in lines.annotate(sum=Sum("amount")):
        sums.setdefault(entry, Counter())[side] = amount
    return [
        f"entry {entry}: debit {by['debit']}, credit {by['credit']}" for entry, by in sums.items() if by["debit"] != by["credit"]
    ]
