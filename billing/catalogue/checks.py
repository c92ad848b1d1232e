"""The catalogue is held to its rules before the product starts."""

from typing import Any

from django.core.checks import Error, register
from tessera.module import modules

from billing.catalogue.rules import RULES, problems_of
from billing.catalogue.selectors import declared

IDS = {rule: f"billing.E{number:03}" for number, rule in enumerate(RULES, 1)}


@register()
def check_catalogue(app_configs: Any, **options: Any) -> list[Error]:
    """Name everything that is wrong with the catalogue, an id for each rule."""
    return [Error(f"{problem.rule}: {problem.says}", id=IDS[problem.rule]) for problem in problems_of(declared(), modules())]
