"""The base of every tenant table: a UUIDv7 key, a stamp of its schema, writes only in a unit of work.

Whoever saves, updates or deletes rows goes through this file, and this file writes the audit.
Rows of an append-only model are their own audit (`audited = False`).
"""

from collections.abc import Iterable, Sequence
from typing import Any

from django.db import connections, models
from django.db.models.deletion import Collector

from tessera.context import current
from tessera.db.inserts import columns_of, insert_rows, is_plain
from tessera.fields import KeyField
from tessera.unit_of_work import current_unit


class CrossTenantError(RuntimeError):
    """Raised when a row of one tenant is used while another one is entered."""


def _schema() -> str:
    return connections["default"].schema_name


def _stamp(row: "Model") -> None:
    stamped = row._state.__dict__.setdefault("schema", _schema())
    if stamped != _schema():
        raise CrossTenantError(f"{row._meta.label} {row.pk} belongs to another tenant")


def values_of(row: models.Model) -> dict[str, Any]:
    """Return the loaded column values of a row by attribute name."""
    loaded = row.__dict__
    return {f.attname: loaded[f.attname] for f in row._meta.concrete_fields if f.attname in loaded}


class AuditMark:
    """One write to be audited: by whom, what, which row, and the values before and after."""

    __slots__ = ("after", "before", "context", "model", "pk", "verb")

    def __init__(self, model: type, pk: Any, verb: str, before: dict, after: dict) -> None:
        self.context = current()
        self.model, self.pk, self.verb, self.before, self.after = model, pk, verb, before, after


def _record(row: "Model", verb: str, before: dict, after: dict) -> None:
    if row.audited:
        current_unit().audit.append(AuditMark(type(row), row.pk, verb, before, after))


class _Deletion(Collector):
    """A deletion that takes no row unseen: what it cascades to is audited with the rest.

    Keys that it empties go through `QuerySet.update`, which audits them.
    """

    def can_fast_delete(self, objs: Any, from_field: Any = None) -> bool:
        """Let only rows go unread that nobody audits."""
        model = objs if isinstance(objs, type) else getattr(objs, "model", type(objs))
        return not getattr(model, "audited", True) and super().can_fast_delete(objs, from_field)

    def run(self, rows: Any) -> tuple[int, dict[str, int]]:
        """Audit and delete rows with all that depends on them; return the counts as Django does."""
        self.collect(rows)
        for model, found in self.data.items():
            if getattr(model, "audited", False):
                for row in _whole(model, found):
                    _record(row, "delete", row._loaded or values_of(row), {})
        return self.delete()


def _whole(model: Any, rows: Iterable[Any]) -> list[Any]:
    """Return rows with all their columns: a cascade reads only what it needs."""
    found = list(rows)
    if any(row.get_deferred_fields() for row in found):
        found = list(model._base_manager.filter(pk__in=[row.pk for row in found]))
    return sorted(found, key=lambda row: row.pk)


class QuerySet(models.QuerySet):
    """Rows of a tenant; bulk writes are audited and only happen inside a unit of work."""

    def update(self, **values: Any) -> int:
        """Update rows and audit each; locks them, because the audit needs the values before."""
        unit = current_unit()
        if not self.model.audited:
            return super().update(**values)
        names = [self.model._meta.get_field(name).attname for name in values]
        before = {row["pk"]: row for row in self.select_for_update(of=("self",)).order_by("pk").values("pk", *names)}
        if not before:
            return 0
        mine = self.model._base_manager.filter(pk__in=list(before))
        count = models.QuerySet.update(mine, **values)
        for row in mine.values("pk", *names):
            pk = row.pop("pk")
            old = {name: before[pk][name] for name in names if before[pk][name] != row[name]}
            if old:
                unit.audit.append(AuditMark(self.model, pk, "update", old, {name: row[name] for name in old}))
        return count

    def update_unaudited(self, **values: Any) -> int:
        """Update counters and other derived columns that the audit leaves out."""
        current_unit()
        return super().update(**values)

    def delete(self) -> tuple[int, dict[str, int]]:
        """Delete rows with all that depends on them, auditing each."""
        current_unit()
        return _Deletion(using=self.db, origin=self).run(self)

    def delete_rows(self, rows: Sequence[Any]) -> tuple[int, dict[str, int]]:
        """Delete rows of this model that were read and are locked, with all that depends on them, auditing each."""
        current_unit()
        for row in rows:
            _stamp(row)
        return _Deletion(using=self.db, origin=self).run(list(rows))

    def bulk_create(self, objs: Iterable[Any], *args: Any, **options: Any) -> list[Any]:
        unit = current_unit()
        rows = list(objs)
        for row in rows:
            _stamp(row)
        made = self._insert_at_once(rows) if not (args or options) and is_plain(self.model) else None
        if made is None:
            made = super().bulk_create(rows, *args, **options)
        if self.model.audited:
            unit.audit.extend(AuditMark(self.model, row.pk, "create", {}, values_of(row)) for row in rows)
        for row in made:
            row._loaded = values_of(row)
        return made

    def _insert_at_once(self, rows: list[Any]) -> list[Any] | None:
        """Insert rows in one statement of fixed text; None where a value is an expression, which only Django can write."""
        stored = [columns_of(row) for row in rows]
        if any(hasattr(value, "resolve_expression") for values in stored for value in values.values()):
            return None
        if stored:
            insert_rows(self.model, stored)
        for row in rows:
            row._state.adding, row._state.db = False, self.db
        return rows

    def bulk_update(self, objs: Iterable[Any], fields: Any, *args: Any, **options: Any) -> int:
        raise NotImplementedError("save the rows, or update a queryset: both are audited")


Manager = models.Manager.from_queryset(QuerySet)


class Model(models.Model):
    """A row in a tenant's schema."""

    audited = True

    id = KeyField()
    objects = Manager()

    class Meta:
        abstract = True
        base_manager_name = "objects"

    def __init__(self, *args: Any, **values: Any) -> None:
        super().__init__(*args, **values)
        self._loaded: dict[str, Any] = {}
        self._beside: dict[str, tuple[Any, Any]] = {}

    @classmethod
    def from_db(cls, db: str | None, field_names: Any, values: Any) -> Any:
        row = super().from_db(db, field_names, values)
        row._state.schema = _schema()
        row._loaded = values_of(row)
        return row

    def change_beside(self, changes: dict[str, tuple[Any, Any]]) -> None:
        """Take changes (name -> before, after) of what hangs on this row as its own: the next save has them in version and audit."""
        self._beside |= changes

    def save(self, **options: Any) -> None:
        """Write the row if anything changed, and audit what did."""
        current_unit()
        _stamp(self)
        if self._state.adding:
            super().save(**options)
            _record(self, "create", {}, values_of(self) | {name: after for name, (_, after) in self._beside.items()})
        else:
            now = values_of(self)
            changed = {name for name, value in now.items() if name not in self._loaded or self._loaded[name] != value}
            if wanted := options.get("update_fields"):
                attnames = {self._meta.get_field(name).attname for name in wanted}
                changed &= attnames
            if not changed and not self._beside:
                return
            super().save(**{**options, "update_fields": self._with_version(changed)})
            now = values_of(self)
            before = {n: self._loaded.get(n) for n in changed} | {n: pair[0] for n, pair in self._beside.items()}
            _record(self, "update", before, {n: now[n] for n in changed} | {n: pair[1] for n, pair in self._beside.items()})
        self._loaded, self._beside = values_of(self), {}

    def _with_version(self, changed: set[str]) -> set[str]:
        return changed

    def delete(self) -> tuple[int, dict[str, int]]:  # type: ignore[override]
        """Delete the row with all that depends on it, auditing each."""
        current_unit()
        _stamp(self)
        return _Deletion(using=connections["default"].alias, origin=self).run([self])

    def refresh_from_db(self, *args: Any, **options: Any) -> None:
        _stamp(self)
        super().refresh_from_db(*args, **options)
        self._loaded = values_of(self)


class Record(Model):
    """A row that people edit: it carries a version for optimistic locking and its times (UTC)."""

    version = models.PositiveIntegerField(default=1, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta(Model.Meta):
        abstract = True

    def _with_version(self, changed: set[str]) -> set[str]:
        self.version += 1
        return changed | {"version", "updated_at"}
