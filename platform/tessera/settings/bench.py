"""Benchmarks: development with buckets that do not run dry; every request is still charged."""

from tessera.settings.dev import *  # noqa: F403

TESSERA_BUDGETS = {kind: (1_000_000_000, 1_000_000_000) for kind in ("tenant", "person", "token", "stranger")}
