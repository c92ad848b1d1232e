"""Benchmarks: development with buckets that do not run dry; every request is still charged."""

from tessera.settings.dev import *  # noqa: F403

TESSERA_BUDGETS = dict.fromkeys(("tenant", "person", "token", "app", "stranger"), (1_000_000_000, 1_000_000_000))
