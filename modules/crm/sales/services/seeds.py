"""What sales begin with."""

from decimal import Decimal

from tessera.api import service

from modules.crm.sales.models import Pipeline, Stage

STAGES = (
    ("Qualified", Stage.Kind.OPEN, "0.1"),
    ("Needs known", Stage.Kind.OPEN, "0.3"),
    ("Quoted", Stage.Kind.OPEN, "0.5"),
    ("Negotiation", Stage.Kind.OPEN, "0.8"),
    ("Won", Stage.Kind.WON, "1"),
    ("Lost", Stage.Kind.LOST, "0"),
)


@service()
def seed_sales() -> None:
    """Add a pipeline where there is none; enabling again changes nothing."""
    if Pipeline.objects.exists():
        return
    pipeline = Pipeline(name="Sales", is_default=True)
    pipeline.save()
    for position, (name, kind, probability) in enumerate(STAGES, start=1):
        Stage(pipeline=pipeline, name=name, position=position, kind=kind, probability=Decimal(probability)).save()
