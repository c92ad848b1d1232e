"""Import rows: every bad one is reported with its reason, and nothing or the good ones come in."""

import csv
import io
import json
from typing import Any

from django.utils.translation import gettext as _

from tessera.context import current
from tessera.errors import ApiError, Code, Refused
from tessera.exchange.importer import IMPORTERS, Importer
from tessera.exchange.models import ImportRun
from tessera.exchange.taking import Taken, Taking
from tessera.service import demand, service
from tessera.unit_of_work import savepoint

MAX_ROWS = 5000


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
        if len(set(reader.fieldnames or ())) < len(reader.fieldnames or ()):
            raise Refused("INVALID", _("Two columns have the same heading."), "data")
    else:
        try:
            rows = json.loads(data, parse_constant=_no_number)
        except (ValueError, RecursionError) as error:
            raise Refused("INVALID", _("This is no JSON: {reason}").format(reason=error), "data") from None
        if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
            raise Refused("INVALID", _("A list of objects is expected."), "data")
    if len(rows) > MAX_ROWS:
        raise Refused("LIMIT", _("At most {n} rows come in at once.").format(n=MAX_ROWS), "data")
    return rows


def _no_number(text: str) -> None:
    """Refuse what Python takes for JSON, and nobody else: NaN and the infinities."""
    raise ValueError(text)


@service(permission="exchange.import_run_create")
def import_rows(
    *,
    importer: str,
    data: str,
    format: ImportRun.Format = ImportRun.Format.CSV,
    mode: ImportRun.Mode = ImportRun.Mode.ALL_OR_NOTHING,
) -> ImportRun:
    """Import the rows of `data`; the answer counts them and lists every bad row with its reason.

    What a gate holds back came in and is listed as held: it takes effect once it is approved.
    """
    found = importer_named(importer)
    demand(found.permission)
    rows = rows_of(data, format)
    taken = Taken()
    try:
        with savepoint():
            taken = Taking(found).take(rows)
            if taken.problems and mode == ImportRun.Mode.ALL_OR_NOTHING:
                raise _Nothing
    except _Nothing:
        taken = Taken(problems=taken.problems)
    run = ImportRun(
        importer=importer,
        mode=mode,
        owner=current().actor.member_id,
        total=len(rows),
        imported=taken.imported,
        problems=taken.problems,
        held=taken.held,
    )
    run.save()
    return run


class _Nothing(Exception):
    """Undo every row."""
