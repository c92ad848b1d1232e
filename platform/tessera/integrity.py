"""Turn a violated database constraint into a refusal that names the field, never the SQL.

A trigger that refuses says so itself: it raises a check violation with its sentence, the code in
upper case as the constraint's name, and the field as the column.
"""

from typing import Any

from django.apps import apps
from django.db import DataError, IntegrityError
from django.db.models import F, ProtectedError, Q, RestrictedError
from django.utils.translation import gettext as _

from tessera.errors import Refused

_CODES = {
    "23505": "UNIQUE",
    "23503": "IN_USE",
    "23502": "REQUIRED",
    "23514": "INVALID",
    "23P01": "CONFLICT",
}
# Too long, too large, no such day, and characters that no text may have.
_NO_COLUMN_TAKES = {"22001", "22003", "22008", "22021", "22P05"}


def _model_of(table: str) -> Any:
    return next((model for model in apps.get_models() if model._meta.db_table == table), None)


def _constraint_of(model: Any, name: str) -> Any:
    return next((c for c in model._meta.constraints if c.name == name), None)


def field_of(constraint: Any) -> tuple[str, ...]:
    """Return the field to blame for a violated constraint of a model: the first one that it names."""
    if fields := getattr(constraint, "fields", ()):
        return (fields[0],)
    if condition := getattr(constraint, "condition", None):
        return _named_in(condition)
    for expression, _operator in getattr(constraint, "expressions", ()):
        return (getattr(expression, "name", expression),) if isinstance(expression, (str, F)) else ()
    return ()


def _named_in(condition: Q) -> tuple[str, ...]:
    for child in condition.children:
        if found := _named_in(child) if isinstance(child, Q) else (child[0].partition("__")[0],):
            return found
    return ()


def _fields_of(model: Any, constraint: Any, diag: Any) -> tuple[str, ...]:
    if diag.column_name:
        return (diag.column_name,)
    if constraint is not None:
        return field_of(constraint)
    named = [field.name for field in model._meta.fields if field.column in (diag.constraint_name or "")]
    return tuple(sorted(named, key=len)[-1:])


def refusal_of(error: IntegrityError | DataError) -> Refused:
    """Return the refusal that stands for an integrity error or a value that no column takes; re-raise one that is not known."""
    if isinstance(error, DataError):
        if getattr(error.__cause__, "sqlstate", None) not in _NO_COLUMN_TAKES:
            raise error
        return Refused("INVALID", _("A value is too long or too large."))
    if isinstance(error, (ProtectedError, RestrictedError)):  # Django looked before PostgreSQL had to
        return Refused("IN_USE", _("The record is in use."))
    diag = getattr(error.__cause__, "diag", None)
    state = getattr(error.__cause__, "sqlstate", None)
    if diag is None or state not in _CODES:
        raise error
    if state == "23514" and (diag.constraint_name or "").isupper():
        return Refused(diag.constraint_name, diag.message_primary, *filter(None, (diag.column_name,)))
    code = _CODES[state]
    model = _model_of(diag.table_name or "")
    constraint = _constraint_of(model, diag.constraint_name or "") if model else None
    messages = {
        "UNIQUE": _("There is already a record with this value."),
        "IN_USE": _("The record is in use, or it names a record that does not exist."),
        "REQUIRED": _("A value is required."),
        "INVALID": _("The value is not allowed."),
        "CONFLICT": _("The value overlaps another record."),
    }
    message = messages[code]
    own = getattr(constraint, "violation_error_message", None)
    if own and own != getattr(constraint, "default_violation_error_message", None):
        message = own
    code = getattr(constraint, "violation_error_code", None) or code
    return Refused(code, message, *(_fields_of(model, constraint, diag) if model else ()))
