"""Refuse software in which a right is demanded that nobody could ever hold."""

from collections.abc import Iterator
from typing import Any

from django.core.checks import Error, register

from tessera.module import modules
from tessera.permissions import all_permissions, expand
from tessera.resource import REPORTS, resources
from tessera.service import SERVICES


def _demanded() -> Iterator[tuple[str, str]]:
    """Yield every right that is named somewhere, with the place."""
    for found in resources():
        for field, code in found.field_rights.items():
            yield code, f"the field {found.name}.{field}"
    for report in REPORTS.values():
        yield report.permission, f"the report {report.name}"
    for path, run in SERVICES.items():
        yield run.permission, f"the service {path}"  # type: ignore[attr-defined]
    for label, module in modules().items():
        for item in module.menu:
            yield item.permission, f"the menu of {label}"
        for name, role in module.roles.items():
            for code in role.permissions:
                found = expand([code])
                yield (found[0] if found else code), f"the role {name} of {label}"


@register()
def check_permissions(app_configs: Any, **options: Any) -> list[Error]:
    """Report every right of an installed module that is used and declared nowhere."""
    known = all_permissions(frozenset(modules()))
    installed = {*modules(), "access"}
    return [
        Error(f"{place} demands {code}, which nothing declares", id="access.E001")
        for code, place in sorted(set(_demanded()))
        if code and code not in known and code.partition(".")[0] in installed
    ]
