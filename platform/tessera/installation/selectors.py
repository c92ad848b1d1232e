"""Read what a tenant set for a module."""

from dataclasses import fields
from decimal import Decimal
from typing import Any, TypeVar, get_type_hints

from tessera.installation.models import InstalledModule
from tessera.module import module_of

S = TypeVar("S")


def settings_of(kind: type[S]) -> S:
    """Return a module's settings in the current tenant: its dataclass, with what the tenant changed."""
    row = InstalledModule.objects.filter(label=module_of(kind)).only("settings").first()
    changed = row.settings if row else {}
    hints = get_type_hints(kind)
    return kind(**{each.name: _typed(hints[each.name], changed[each.name]) for each in fields(kind) if each.name in changed})  # type: ignore[arg-type]


def _typed(hint: Any, value: Any) -> Any:
    return Decimal(str(value)) if hint is Decimal else value
