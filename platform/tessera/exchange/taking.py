"""Take rows into the system: each is read, made and filled in by itself, and what is wrong is kept by row."""

from collections.abc import Iterator
from dataclasses import dataclass, field, fields
from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _

from tessera.crud import demand_company
from tessera.custom.filling import fill_custom_fields
from tessera.custom.selectors import fields_of
from tessera.custom.values import CustomFieldInput, read_text
from tessera.errors import Problem, Refused
from tessera.exchange.importer import NULLS, Importer, Reader
from tessera.lineage.models import TransitionHold
from tessera.lineage.services import kind_of
from tessera.resource import resource_of
from tessera.unit_of_work import apart, savepoint

CUSTOM = "custom."  # a column `custom.rank` fills in the custom field `rank`


@dataclass
class Taken:
    """What became of the rows: those that came in, the problems of the others, and what a gate holds back."""

    imported: int = 0
    problems: list[dict[str, Any]] = field(default_factory=list)
    held: list[dict[str, Any]] = field(default_factory=list)


@dataclass(frozen=True)
class _Row:
    number: int
    plain: dict[str, Any]
    custom: dict[str, Any]


class Taking:
    """One import under way."""

    def __init__(self, importer: Importer) -> None:
        self.importer, self.reader, self.taken = importer, Reader(), Taken()
        self._documents: dict[UUID, tuple[int, str]] = {}

    def take(self, rows: list[dict[str, Any]]) -> Taken:
        """Take rows in their order, in an open unit of work."""
        step = self.importer.at_once or 1
        if self.importer.at_once:
            self.reader.look_up(self.importer.row, rows)
        split = [self._split(number, row) for number, row in enumerate(rows, start=1)]
        for start in range(0, len(split), step):
            for batch in self._batches(split[start : start + step]):
                self._take(batch)
        self._note_held()
        self.taken.problems.sort(key=lambda problem: problem["row"])
        return self.taken

    def _split(self, number: int, row: dict[str, Any]) -> _Row:
        custom = {name.removeprefix(CUSTOM): value for name, value in row.items() if name.startswith(CUSTOM)}
        return _Row(number, {name: value for name, value in row.items() if not name.startswith(CUSTOM)}, custom)

    def _batches(self, rows: list[_Row]) -> Iterator[list[_Row]]:
        """Keep rows together; those with custom fields go alone, because they are undone alone."""
        together: list[_Row] = []
        for row in rows:
            if row.custom:
                if together:
                    yield together
                yield [row]
                together = []
            else:
                together.append(row)
        if together:
            yield together

    def _take(self, rows: list[_Row]) -> None:
        readable, typed = [], []
        for row in rows:
            try:
                typed.append(self.reader.read(self.importer.row, row.plain))
                readable.append(row)
            except Refused as refusal:
                self._refuse(row, refusal)
        if not readable:
            return
        together = self.importer.at_once and not readable[0].custom
        answers = self.importer.service(rows=typed) if together else [self._make(readable[0], typed[0])]
        for row, answer in zip(readable, answers, strict=True):
            if isinstance(answer, Refused):
                self._refuse(row, answer)
            else:
                if resource := resource_of(type(answer)):
                    demand_company(resource, answer, self.importer.permission)
                self.taken.imported += 1
                if hasattr(answer, "MOVES"):
                    self._documents[answer.pk] = (row.number, kind_of(answer))

    def _make(self, row: _Row, typed: Any) -> Any:
        """Make one row with its custom fields, or return why not; nothing of it stays then."""
        try:
            with savepoint():
                if self.importer.at_once:
                    (made,) = self.importer.service(rows=[typed])
                    if isinstance(made, Refused):
                        raise made
                else:
                    with apart():
                        made = self.importer.service(**{each.name: getattr(typed, each.name) for each in fields(typed)})
                if row.custom:
                    _fill(made, row.custom)
                return made
        except Refused as refusal:
            return refusal

    def _refuse(self, row: _Row, refusal: Refused) -> None:
        self.taken.problems += [_report(row.number, problem) for problem in refusal.problems]

    def _note_held(self) -> None:
        if not self._documents:
            return
        waiting = TransitionHold.objects.filter(document__in=list(self._documents), state=TransitionHold.State.WAITING)
        found = {hold.document: hold for hold in waiting}
        self.taken.held = [
            {"row": number, "label": label, "record": str(key), "transition": found[key].target}
            for key, (number, label) in self._documents.items()
            if key in found
        ]


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
    try:
        fill_custom_fields(resource=resource, row=row, given=given)
    except Refused as refusal:  # told by the column that it stands in
        raise Refused.of(Problem(p.code, p.message, ("custom", *p.field[1:])) for p in refusal.problems) from refusal
    row.save()


def _report(number: int, problem: Problem) -> dict[str, Any]:
    """Return a problem as the run keeps it; a column's name may be anything, and is told as far as it can be stored."""
    path = ".".join(problem.field).replace("\0", "\\0").encode(errors="backslashreplace").decode()
    return {"row": number, "field": path, "code": problem.code, "message": problem.message}
