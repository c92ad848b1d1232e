"""Two hundred documents of three thousand companies with three hundred sets of modules, in a worker of its own.

The companies stand on a few schemas, because to make three thousand would take an hour: each has an identity, a set and rights of its own,
as far as a worker's memory is concerned. The server process sees what it would see of real ones: it is replaced after as many
schemas as a connection may see, so more of them than that are enough.
"""

import os
import subprocess
import sys
from functools import partial
from pathlib import Path
from typing import Any

import orjson

from tessera.bench.measures import Benchmark, Measured
from tessera.bench.servers import logs
from tessera.bench.stage import FLOOR_SCHEMAS, Stage
from tessera.context import TenantRef
from tessera.db.guard.base import MOST_TENANTS
from tessera.db.installer import make_schema
from tessera.fields import new_id
from tessera.module import modules

SCHEMAS = MOST_TENANTS + 6
MOST_MISSES, MOST_WORKER_MB, MOST_BACKEND_MB = 1, 300, 400


def measure(stage: Stage) -> dict[str, Any]:
    """Make the schemas, run the worker, and return what it counted."""
    stage.tell(f"making {SCHEMAS} schemas with the tables of every module")
    schemas = [f"{FLOOR_SCHEMAS}{new_id().hex[-12:]}" for _ in range(SCHEMAS)]
    for schema in schemas:
        make_schema(TenantRef(new_id(), schema), modules())
    stage.tell("asking")
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "tessera.settings.bench"}
    log = logs() / "rotating.log"
    with log.open("wb") as told:
        done = subprocess.run(
            [sys.executable, "-m", "tessera.bench.rotating"],
            input=orjson.dumps(schemas),
            stdout=subprocess.PIPE,
            stderr=told,
            env=environment,
            check=False,
        )
    if done.returncode:
        raise RuntimeError(f"the worker failed: {Path(log).read_text(errors='replace')[-2000:]}")
    found = orjson.loads(done.stdout)
    stage.tell(", ".join(f"{value:,} {name}" for name, value in found.items()))
    return found


def run(name: str, limit: float, stage: Stage) -> Measured:
    """Return one figure of the worker; all are measured together, by whoever asks first."""
    found = stage.once(measure)
    return Measured([found[name]], [limit], n=found["requests"])


BENCHMARKS = tuple(
    Benchmark(name, "the limit", unit, 1, partial(run, key, limit))
    for name, unit, key, limit in (
        ("plans not kept, 300 sets of modules", "%", "misses", MOST_MISSES),
        ("memory of a worker, 3,000 companies", "MB", "worker", MOST_WORKER_MB),
        ("memory of a server process, 1,000 companies", "MB", "backend", MOST_BACKEND_MB),
    )
)
