"""Take in customers from a file of mutations, a step of fifty lines at a time."""

from tempfile import TemporaryFile

import orjson

from tessera.bench.footprint import Footprint, Replay
from tessera.bench.measures import Benchmark, Measured, in_turns
from tessera.bench.stage import Stage, inside, owner_of
from tessera.bulk.models import BulkOperation
from tessera.bulk.services import start_import
from tessera.bulk.services.importing import AT_A_STEP, Import
from tessera.bulk.services.leases import take_lease
from tessera.bulk.services.progress import Progress
from tessera.files.models import StoredFile
from tessera.files.services import create_upload, receive_file

WARM, TURNS, EACH = 3, 20, 4


def _file() -> StoredFile:
    """Bring a file with a line for every call of the product."""
    many = AT_A_STEP * (2 + WARM + TURNS * EACH)
    body = b"".join(orjson.dumps({"input": {"name": f"Customer {number:06}"}}) + b"\n" for number in range(many))
    made = create_upload(filename="customers.jsonl", size=len(body), purpose=StoredFile.Purpose.BULK)
    return receive_file(key=made.pk, chunks=[body])


def run(stage: Stage) -> Measured:
    """Run steps, each a durable transaction; the floor inserts and updates the same rows by one prepared statement."""
    tenant = stage.tenant()
    with inside(tenant, owner_of(tenant)), TemporaryFile() as beside:
        operation = start_import(mutation="partyCreate", file=_file())
        lease = take_lease(operation.pk)
        assert lease
        row = BulkOperation.objects.get(pk=operation.pk)
        work, progress = Import(row, lease), Progress.of(row, beside)

        def step() -> None:
            work.step(progress)

        step()
        footprint = Footprint(tenant.schema_name)
        with footprint.of():
            step()
        floor = Replay(footprint)
        try:
            found = in_turns(step, floor.run, turns=TURNS, each=EACH, warm=WARM)
        finally:
            work.close()
            floor.close()
        done = progress.done - progress.failed
        stage.tell(f"{floor.rows} rows a step; {done} customers taken in")
        return found


BENCHMARK = Benchmark("take in 50 customers from a file", "one prepared statement that writes the same rows", "ms", 0.05, run)
