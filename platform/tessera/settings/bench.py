"""Benchmarks: development with as many streams as are opened, and buckets of a tier that do not run dry; every request is charged."""

from tessera.settings.dev import *  # noqa: F403
from tessera.settings.dev import TESSERA_BUDGET_TIERS

TESSERA_BUDGET_TIERS = {**TESSERA_BUDGET_TIERS, "bench": 1_000_000.0}
TESSERA_STREAMS = {"person": 2_000, "tenant": 2_000}
