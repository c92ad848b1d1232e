"""Ask what a company may switch on: the settings name who answers (`billing.answers`), and without anybody it may all.

What the platform's own operators switch on by the command line is asked of nobody.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from importlib import import_module
from typing import Any, Protocol, cast

from django.conf import settings
from django.utils.translation import gettext as _
from tessera.errors import Problem, Refused
from tessera.module import modules

from tenants.models import Tenant
from tenants.overview import COMING_OR_ON


@dataclass(frozen=True)
class NotEntitled:
    """Why a company may not use a module, in words, and as data what it might do about it."""

    why: str
    details: dict[str, Any]


class Entitlements(Protocol):
    """Who says what a company may switch on."""

    def refusals(self, tenant: Tenant, labels: Iterable[str]) -> dict[str, NotEntitled]:
        """Return why a tenant may not use modules, by label; those that it may use are not in it."""


def refuse_unentitled(tenant: Tenant, labels: frozenset[str]) -> None:
    """Refuse modules that a company may not use, each with NOT_ENTITLED; what is on or coming on is not asked about again."""
    if not settings.TESSERA_ENTITLEMENTS:
        return
    new = labels.difference(tenant.installations.filter(state__in=COMING_OR_ON).values_list("module", flat=True))
    answers = cast(Entitlements, import_module(settings.TESSERA_ENTITLEMENTS))
    if refused := answers.refusals(tenant, new):
        message = _("The module %(name)s is not included: %(why)s")
        raise Refused.of(
            Problem("NOT_ENTITLED", message % {"name": modules()[label].title, "why": each.why}, ("modules",), each.details)
            for label, each in refused.items()
        )
