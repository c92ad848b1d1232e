"""Benchmarks: development with buckets that do not run dry, and as many streams as are opened; every request is still charged."""

from tessera.settings.dev import *  # noqa: F403

TESSERA_BUDGETS = dict.fromkeys(("tenant", "person", "token", "app", "stranger"), (1_000_000_000, 1_000_000_000))
TESSERA_BUDGET_TIERS = {"": 1.0, "usual": 20_000 / 1_000_000_000}  # of whoever means harm: what a person has by default
TESSERA_STREAMS = {"person": 2_000, "tenant": 2_000}
