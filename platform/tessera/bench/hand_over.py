"""Hand a ready schema over to a new company: what a sign-up waits for when the pool is filled."""

from django.conf import settings

from tenants.models import ReadySchema
from tenants.provisioning import register_tenant
from tessera.bench.measures import Benchmark, Measured, in_turns
from tessera.bench.stage import MARK, Stage, drop_schema, raw
from tessera.context import TenantRef
from tessera.db.installer import make_schema
from tessera.db.scripts import fingerprint_of_set
from tessera.fields import new_id
from tessera.module import closure

TURNS, WARM = 12, 2


def run(stage: Stage) -> Measured:
    """Register a company and claim its schema, in one durable transaction; the floor renames such a schema."""
    labels = closure(())
    stage.tell(f"making {TURNS + WARM + 1} schemas")
    _fill(labels, TURNS + WARM)
    renamed = ReadySchema(modules=sorted(labels), fingerprint="")
    make_schema(TenantRef(renamed.id, renamed.schema_name), labels)
    names = [renamed.schema_name, f"{renamed.schema_name}_b"]
    with raw("public") as own:
        own.execute(f"SET ROLE {settings.TESSERA_OWNER_ROLE}")

        def rename() -> None:
            own.execute(f'ALTER SCHEMA "{names[0]}" RENAME TO "{names[1]}"')
            names.reverse()

        def claim() -> None:
            register_tenant(company="Bench", slug=f"{MARK}{new_id().hex[-12:]}")

        try:
            measured = in_turns(claim, rename, turns=TURNS, warm=WARM)
        finally:
            own.execute(f'DROP SCHEMA "{names[0]}" CASCADE')
    if ReadySchema.objects.filter(fingerprint=fingerprint_of_set(labels)).exists():
        raise RuntimeError("a company took no schema of the pool")
    return measured


def _fill(labels: frozenset[str], wanted: int) -> None:
    """Bring the pool of the base to so many new schemas."""
    fingerprint = fingerprint_of_set(labels)
    for row in ReadySchema.objects.filter(fingerprint=fingerprint):
        drop_schema(row.schema_name)
        row.delete()
    for _ in range(wanted):
        row = ReadySchema(modules=sorted(labels), fingerprint=fingerprint, state=ReadySchema.State.READY)
        make_schema(TenantRef(row.id, row.schema_name), labels)
        row.save()


BENCHMARK = Benchmark("tenant hand-over", "ALTER SCHEMA RENAME, committed", "ms", 0.14, run)
