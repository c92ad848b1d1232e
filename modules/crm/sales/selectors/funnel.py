"""How deals stand in a pipeline, and how far they came."""

from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID

from django.db.models import Count, Sum
from django.utils.translation import gettext as _
from tessera.api import Refused, round_money, visible_rows

from modules.crm.sales.models import Opportunity, Pipeline, Stage, StageChange


@dataclass(frozen=True, kw_only=True)
class FunnelAmount:
    """What stands in a stage in one currency; `weighted` is times the stage's probability."""

    currency: str
    count: int
    amount: Decimal
    weighted: Decimal


@dataclass(frozen=True, kw_only=True)
class FunnelStage:
    """One stage: `count` deals stand in it now, `reached` ever came to it."""

    stage: UUID
    name: str
    kind: str
    probability: Decimal
    count: int
    reached: int
    amounts: list[FunnelAmount]


def sales_funnel(*, pipeline: Pipeline | None = None) -> list[FunnelStage]:
    """Return the stages of a pipeline (the default one, if none is named) with the deals that the reader may see."""
    pipeline = pipeline or Pipeline.objects.filter(active=True).order_by("-is_default", "id").first()
    if pipeline is None:
        raise Refused("NOT_FOUND", _("There is no pipeline."), "pipeline")
    deals = visible_rows(Opportunity).filter(pipeline=pipeline)
    sums = list(deals.values("stage", "currency").annotate(count=Count("id"), amount=Sum("amount")).order_by("stage", "currency"))
    changes = StageChange.objects.filter(opportunity__in=deals.values("pk"))
    reached = dict(changes.values_list("target").annotate(count=Count("opportunity", distinct=True)))
    return [_stage(stage, [row for row in sums if row["stage"] == stage.pk], reached) for stage in _stages(pipeline)]


def _stages(pipeline: Pipeline) -> list[Stage]:
    return list(pipeline.stages.order_by("position", "id"))


def _stage(stage: Stage, rows: list[dict], reached: dict[UUID, int]) -> FunnelStage:
    return FunnelStage(
        stage=stage.pk,
        name=stage.name,
        kind=stage.kind,
        probability=stage.probability,
        count=sum(row["count"] for row in rows),
        reached=reached.get(stage.pk, 0),
        amounts=[
            FunnelAmount(
                currency=row["currency"],
                count=row["count"],
                amount=row["amount"],
                weighted=round_money(row["amount"] * stage.probability, row["currency"]),
            )
            for row in rows
        ],
    )
