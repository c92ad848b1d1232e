"""Switch a module on in a company: its tables, what it seeds, its roles, and the company's own row."""

from django.conf import settings

from tenants.installations import enable_modules
from tenants.installations.mirror import closed
from tessera.bench.measures import Benchmark, Measured, in_turns
from tessera.bench.stage import Stage, raw
from tessera.db.scripts import Key, scripts_for

MODULES = ("finance",)
TURNS, WARM = 6, 1


def run(stage: Stage) -> Measured:
    """Enable the books and what they depend on; the floor runs the DDL of the same migrations as one batch, committed."""
    stage.tell(f"making {TURNS + WARM} companies for each side")
    batch = batch_of(MODULES)
    ours = [stage.tenant() for _ in range(TURNS + WARM)]
    theirs = [stage.tenant() for _ in range(TURNS + WARM)]
    stage.tell(f"{len(batch):,} bytes of DDL, CREATE TABLE {batch.count('CREATE TABLE')} times")

    def enable() -> None:
        enable_modules(tenant=ours.pop(), modules=MODULES)

    with raw("public") as own:
        own.execute(f"SET ROLE {settings.TESSERA_OWNER_ROLE}")

        def replay() -> None:
            own.execute(f'SET search_path = "{theirs.pop().schema_name}", ext')
            own.execute(batch, prepare=False)

        return in_turns(enable, replay, turns=TURNS, warm=WARM)


def batch_of(modules: tuple[str, ...]) -> str:
    """Return the DDL that a company needs for modules and what they depend on, as one batch."""
    before: set[Key] = {script.key for script in scripts_for(closed([]))}
    new = (script for script in scripts_for(closed(modules)) if script.key not in before)
    return ";\n".join(step.sql for script in new for step in script.steps if step.sql)


BENCHMARK = Benchmark("module enable", "the DDL of the same migrations in one batch", "ms", 0.77, run)
