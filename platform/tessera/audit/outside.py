"""What a company does and what is kept elsewhere, such as a purchase: its audit tells that too, with the person.

The record is a row of a public app, so it has no resource; who may read its entries, and which of their values, is said here.
"""

from dataclasses import dataclass
from typing import Any

from tessera.models import AuditMark
from tessera.unit_of_work import unit_of_work


@dataclass(frozen=True)
class Outside:
    """A kind of record outside of the tenant's schema: the right to read its entries, and the values that they show."""

    model: type
    permission: str
    fields: tuple[str, ...]


OUTSIDE: dict[str, Outside] = {}


def audited_outside(model: Any, *, permission: str, fields: tuple[str, ...]) -> None:
    """Declare that what happens to rows of a public model is told in the audit of the company that it happened in."""
    OUTSIDE[model._meta.label] = Outside(model, permission, fields)


def record_outside(row: Any, *, verb: str, before: dict[str, Any], after: dict[str, Any]) -> None:
    """Write into the audit of the tenant in force what its actor did to `row`; `verb` is create, update or delete."""
    kind = OUTSIDE[row._meta.label]
    if strange := {*before, *after}.difference(kind.fields):
        raise ValueError(f"{row._meta.label} does not show {sorted(strange)}")
    with unit_of_work(while_read_only=True) as unit:
        unit.audit.append(AuditMark(type(row), row.pk, verb, before, after))
