"""Refuse software in which a right is demanded that nobody could ever hold."""

from collections.abc import Iterator
from typing import Any

from django.core.checks import Error, register

from tessera.module import modules
from tessera.permissions import all_permissions, expand
from tessera.resource import REPORTS, RESOURCES
from tessera.service import SERVICES


def _demanded() -> Iterator[tuple[str, str]]:
    """Yield every right that is named somewhere, with the place."""
    for report in REPORTS.values():
        yield report.permission, f"the report {report.name}"
    for path, run in SERVICES.items():
        yield run.permission, f"the service {path}"  # type: ignore[attr-defined]
    for label, module in modules().items():
        for item in module.menu:
            yield item.permission, f"the menu of {label}"


@register()
def check_permissions(app_configs: Any, **options: Any) -> list[Error]:
    """Report every right of an installed module that is used and exists nowhere."""
    known = all_permissions()
    installed = {*modules(), *(found.module for found in RESOURCES.values())}
    problems = [
        f"{place} demands {code}" for code, place in _demanded() if code and code not in known and _label(code) in installed
    ]
    for label, module in modules().items():
        for name, role in module.roles.items():
            unknown = [code for code in role.permissions if _label(code) in installed and not expand((code,))]
            problems += [f"the role {name} of {label} holds {code}" for code in unknown]
    return [Error(f"{problem}, which nothing declares", id="access.E001") for problem in sorted(set(problems))]


def _label(code: str) -> str:
    return code.partition(".")[0]
