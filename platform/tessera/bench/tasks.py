"""The tasks whose rate is measured; only a worker of the benchmark knows them."""

from tessera.access.models import AccessState
from tessera.celery import app
from tessera.tasks import tenant_task


@app.task(lazy=False, name="bench.nothing")
def nothing() -> None:
    """Do nothing."""


@tenant_task(name="bench.read_one")
def read_one() -> None:
    """Read one row of the tenant."""
    AccessState.objects.first()
