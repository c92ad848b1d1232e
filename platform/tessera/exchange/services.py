"""Import rows: every bad one is reported with its reason, and nothing or the good ones come in."""

import csv
import io
import json
from dataclasses import fields
from typing import Any

from django.utils.translation import gettext as _

from tessera.context import current
from tessera.custom.filling import fill_custom_fields
from tessera.custom.selectors import fields_of
from tessera.custom.values import CustomFieldInput, read_text
from tessera.errors import ApiError, Code, Problem, Refused
from tessera.exchange.importer import IMPORTERS, NULLS, Importer, Reader
from tessera.exchange.models import ImportRun
from tessera.resource import resource_of
from tessera.service import demand, service
from tessera.unit_of_work import apart, savepoint

MAX_ROWS = 5000
CUSTOM = "custom."  # a column `custom.rank` fills in the custom field `rank`


def importer_named(name: str) -> Importer:
    """Return an importer of an enabled module; refuse others by code."""
    found = IMPORTERS.get(name)
    if found is None:
        raise Refused("INVALID", _("There is no import named {name}.").format(name=name), "importer")
    if found.module is not None and found.module not in current().modules:
        raise ApiError(Code.MODULE_DISABLED, _("The module {name} is not switched on.").format(name=found.module))
    return found


def rows_of(data: str, format: str) -> list[dict[str, Any]]:
    """Return the rows of a CSV text with a heading, or of a JSON array of objects."""
    if format == ImportRun.Format.CSV:
        reader = csv.DictReader(io.StringIO(data.lstrip("\ufeff")), strict=True)
        try:
            rows: Any = list(reader)
        except csv.Error as error:
            raise Refused("INVALID", _("This is no CSV: {reason}").format(reason=error), "data") from None
        if any(None in row for row in rows):
            raise Refused("INVALID", _("A row has more columns than the heading."), "data")
    else:
        try:
            rows = json.loads(data)
        except ValueError as error:
            raise Refused("INVALID", _("This is no JSON: {reason}").format(reason=error), "data") from None
        if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
            raise Refused("INVALID", _("A list of objects is expected."), "data")
    if len(rows) > MAX_ROWS:
        raise Refused("LIMIT", _("At most {n} rows come in at once.").format(n=MAX_ROWS), "data")
    return rows


@service(permission="exchange.import_run_create")
def import_rows(
    *,
    importer: str,
    data: str,
    format: ImportRun.Format = ImportRun.Format.CSV,
    mode: ImportRun.Mode = ImportRun.Mode.ALL_OR_NOTHING,
) -> ImportRun:
    """Import the rows of `data`; the answer counts them and lists every bad row with its reason."""
    found = importer_named(importer)
    demand(found.permission)
    rows = rows_of(data, format)
    reader, problems, imported = Reader(), [], 0
    try:
        with savepoint():
            for number, row in enumerate(rows, start=1):
                try:
                    with savepoint():
                        _take(found, reader, row)
                except Refused as refusal:
                    problems += [_report(number, problem) for problem in refusal.problems]
                else:
                    imported += 1
            if problems and mode == ImportRun.Mode.ALL_OR_NOTHING:
                raise _Nothing
    except _Nothing:
        imported = 0
    run = ImportRun(
        importer=importer, mode=mode, owner=current().actor.member_id, total=len(rows), imported=imported, problems=problems
    )
    run.save()
    return run


class _Nothing(Exception):
    """Undo every row."""


def _take(importer: Importer, reader: Reader, row: dict[str, Any]) -> None:
    custom = {name.removeprefix(CUSTOM): value for name, value in row.items() if name.startswith(CUSTOM)}
    typed = reader.read(importer.row, {name: value for name, value in row.items() if not name.startswith(CUSTOM)})
    with apart():
        made = importer.service(**{field.name: getattr(typed, field.name) for field in fields(importer.row)})
    if custom:
        try:
            _fill(made, custom)
        except Refused as refusal:  # told by the column that it stands in
            raise Refused.of(Problem(p.code, p.message, ("custom", *p.field[1:])) for p in refusal.problems) from refusal


def _fill(made: Any, custom: dict[str, Any]) -> None:
    resource = resource_of(type(made))
    if resource is None or not resource.is_record:
        raise Refused("INVALID", _("Records of this kind take no custom fields."), "custom")
    known = fields_of(resource.label)
    given = [
        CustomFieldInput(name, read_text(known[name], value.strip()) if name in known and isinstance(value, str) else value)
        for name, value in custom.items()
        if value not in NULLS
    ]
    row = resource.model._default_manager.get(pk=made.pk)
    fill_custom_fields(resource=resource, row=row, given=given)
    row.save()


def _report(number: int, problem: Problem) -> dict[str, Any]:
    return {"row": number, "field": ".".join(problem.field), "code": problem.code, "message": problem.message}
