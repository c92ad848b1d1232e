"""Bring a hundred companies to a version that adds one column."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.conf import settings
from django.db import migrations, models

from tenants.models import Tenant
from tenants.upgrades import stale_tenants, upgrade_all
from tessera.bench.measures import Benchmark, Measured, in_turns
from tessera.bench.stage import Stage, raw
from tessera.db import scripts

TENANTS, EACH = 100, 10
APP, TABLE, COLUMN = "base", "base_party", "bench_note"


class AddColumn(migrations.Migration):
    """The next version of a module: one more column that may be null."""

    operations = [migrations.AddField("party", COLUMN, models.TextField(null=True))]


def run(stage: Stage) -> Measured:
    """Upgrade ten companies a turn; the floor alters the tables of ten, each in a transaction of its own."""
    stage.tell(f"making {TENANTS} companies")
    tenants = [stage.tenant() for _ in range(TENANTS)]
    others = Tenant.objects.exclude(pk__in=[tenant.pk for tenant in tenants])
    if stale_tenants().exists():
        raise RuntimeError(f"{others.count()} other companies are not of this version: run `manage.py tenant upgrade` first")
    waiting = [tenant.schema_name for tenant in tenants]
    with raw("public") as own, next_version():
        own.execute(f"SET ROLE {settings.TESSERA_OWNER_ROLE}")

        def alter() -> None:
            for _ in range(EACH):
                own.execute(f'ALTER TABLE "{waiting.pop()}".{TABLE} ADD COLUMN bench_raw text')

        measured = in_turns(lambda: upgrade_all(limit=EACH), alter, turns=TENANTS // EACH, warm=0)
        stage.tell(f"nothing to do: {stage.statements(upgrade_all)} statement")
    return measured


@contextmanager
def next_version() -> Iterator[None]:
    """Let this process know the migration, as if it were of the next version."""
    graph = scripts.loader().graph
    (leaf,) = graph.leaf_nodes(APP)
    key = (APP, AddColumn.__name__)
    graph.add_node(key, AddColumn(AddColumn.__name__, APP))
    graph.add_dependency(None, key, leaf)
    _forget()
    try:
        yield
    finally:
        scripts.loader.cache_clear()
        _forget()


def _forget() -> None:
    for cached in (scripts.digest_of, scripts.fingerprint_of, scripts.kernel_fingerprint):
        cached.cache_clear()


BENCHMARK = Benchmark("one column in 100 tenants", "ALTER TABLE in as many transactions, 10 tenants a turn", "ms", 0.2, run)
