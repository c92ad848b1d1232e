"""Opportunities: made, moved from stage to stage, won and lost."""

from datetime import date
from decimal import Decimal
from uuid import UUID
from zoneinfo import ZoneInfo

from django.utils import timezone
from django.utils.translation import gettext as _
from tessera.api import (
    NotFound,
    Refused,
    assign_number,
    current,
    link_documents,
    lock_for_update,
    move,
    publish,
    round_money,
    service,
)

from modules.base.api import Company, OrgUnit, Party, standing_for
from modules.crm.sales import events
from modules.crm.sales.models import Lead, Opportunity, Pipeline, Stage, StageChange
from modules.erp.orders.api import Quote


@service(permission="sales.opportunity_create")
def create_opportunity(
    *,
    title: str,
    company: Company,
    party: Party,
    contact: Party | None = None,
    amount: Decimal = Decimal(0),
    currency: str = "",
    expected_close: date | None = None,
    pipeline: Pipeline | None = None,
    owner: UUID | None = None,
    org_unit: OrgUnit | None = None,
    note: str = "",
    lead: Lead | None = None,
) -> Opportunity:
    """Open a deal in the first stage of a pipeline (the default one, if none is named)."""
    if not title.strip():
        raise Refused("REQUIRED", _("A deal has a title."), "title")
    currency = (currency or company.currency).upper()
    pipeline = pipeline or _default_pipeline()
    stage = pipeline.stages.filter(kind=Stage.Kind.OPEN).order_by("position", "id").first()
    if stage is None:
        raise Refused("STATE", _("This pipeline has no open stage."), "pipeline")
    opportunity = Opportunity(
        title=title.strip(),
        company=company,
        party=standing_for(party),
        contact=contact,
        amount=_amount(amount, currency),
        currency=currency,
        expected_close=expected_close,
        pipeline=pipeline,
        stage=stage,
        owner=owner or current().actor.member_id,
        org_unit=org_unit,
        note=note,
        lead=lead,
    )
    opportunity.save()
    today = timezone.now().astimezone(ZoneInfo(company.time_zone)).date()
    assign_number(opportunity, scope=("sales.Opportunity", today.year), pattern="O-{year}-{n:05}", on=today)
    _record(opportunity, None, stage)
    return opportunity


@service(permission="sales.opportunity_update")
def update_opportunity(
    *,
    opportunity: Opportunity,
    title: str | None = None,
    contact: Party | None = None,
    amount: Decimal | None = None,
    expected_close: date | None = None,
    owner: UUID | None = None,
    note: str | None = None,
) -> Opportunity:
    """Change what is known of a deal; its stage is moved, not set."""
    opportunity = _locked(opportunity)
    if title is not None and not title.strip():
        raise Refused("REQUIRED", _("A deal has a title."), "title")
    changes = {"title": title, "contact": contact, "expected_close": expected_close, "owner": owner, "note": note}
    for name, value in changes.items():
        if value is not None:
            setattr(opportunity, name, value)
    if amount is not None:
        opportunity.amount = _amount(amount, opportunity.currency)
    opportunity.save()
    return opportunity


@service(permission="sales.opportunity_move")
def move_opportunity(*, opportunity: Opportunity, stage: Stage, reason: str = "") -> Opportunity:
    """Take a deal to a stage of its pipeline; a stage of kind won or lost ends it, an open one reopens a lost one."""
    opportunity = _locked(opportunity)
    if stage.pipeline_id != opportunity.pipeline_id:
        raise Refused("INVALID", _("This stage is of another pipeline."), "stage")
    _move(opportunity, stage, reason)
    return opportunity


@service()
def win_opportunity(*, opportunity: Opportunity, quote: UUID, order: UUID) -> Opportunity:
    """Win the deal that an accepted quote was for, once; `quote` and `order` are the documents that won it."""
    opportunity = _locked(opportunity)
    if opportunity.state == Opportunity.State.WON:
        return opportunity
    won = opportunity.pipeline.stages.filter(kind=Stage.Kind.WON).order_by("position", "id").first()
    if won is None:
        raise Refused("STATE", _("This pipeline has no stage for won deals."), "pipeline")
    _move(opportunity, won, "", quote=quote, order=order)
    return opportunity


@service()
def link_quote(*, opportunity: Opportunity, quote: Quote) -> None:
    """Say that a quote came of a deal; refuse a deal of another party."""
    if standing_for(opportunity.party) != standing_for(quote.party):
        raise Refused("INVALID", _("This deal is with another party."), "opportunity")
    link_documents(
        source_kind=opportunity._meta.label,
        source=opportunity.pk,
        target=quote,
        amount=quote.gross_total,
        currency=quote.currency,
    )


def _move(opportunity: Opportunity, stage: Stage, reason: str, *, quote: UUID | None = None, order: UUID | None = None) -> None:
    before = opportunity.stage
    if before == stage:
        return
    opportunity.stage, opportunity.reason = stage, reason
    if stage.kind != opportunity.state:
        opportunity.closed_at = None if stage.kind == Stage.Kind.OPEN else timezone.now()
        move(opportunity, stage.kind, also=("stage", "reason", "closed_at"))
    else:
        opportunity.save()
    _record(opportunity, before, stage)
    publish(events.OpportunityStageMoved(subject=opportunity.pk, source=before.pk, target=stage.pk))
    if stage.kind == Stage.Kind.WON:
        publish(
            events.DealWon(
                subject=opportunity.pk,
                party=opportunity.party_id,
                amount=str(opportunity.amount),
                currency=opportunity.currency,
                quote=quote,
                order=order,
            )
        )
    elif stage.kind == Stage.Kind.LOST:
        publish(events.DealLost(subject=opportunity.pk, reason=reason))


def _record(opportunity: Opportunity, source: Stage | None, target: Stage) -> None:
    StageChange(
        opportunity=opportunity,
        source=source,
        target=target,
        amount=opportunity.amount,
        member=current().actor.member_id,
    ).save()


def _locked(opportunity: Opportunity) -> Opportunity:
    rows = lock_for_update(Opportunity.objects.filter(pk=opportunity.pk))
    if not rows:
        raise NotFound()
    return rows[0]


def _default_pipeline() -> Pipeline:
    found = Pipeline.objects.filter(active=True).order_by("-is_default", "id").first()
    if found is None:
        raise Refused("REQUIRED", _("There is no pipeline."), "pipeline")
    return found


def _amount(amount: Decimal, currency: str) -> Decimal:
    if not amount.is_finite() or amount < 0 or amount >= 10**15:
        raise Refused("INVALID", _("This is no amount."), "amount")
    return round_money(amount, currency)
