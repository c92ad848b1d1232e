"""A deal on its way through a pipeline."""

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy
from tessera.api import AmountField, CurrencyField, MemberKey, Model, OrGreatest, PercentField, Record, search_index

from modules.crm.sales.models.lead import Lead


class Pipeline(Record):
    """The way of deals from first to last stage."""

    name = models.CharField(_("name"), max_length=200)
    is_default = models.BooleanField(_("default"), default=False)
    active = models.BooleanField(pgettext_lazy("record", "active"), default=True)

    class Meta(Record.Meta):
        verbose_name = _("pipeline")
        verbose_name_plural = _("pipelines")
        constraints = [
            models.UniqueConstraint(fields=["name"], name="pipeline_once"),
            models.UniqueConstraint(fields=["is_default"], condition=models.Q(is_default=True), name="pipeline_one_default"),
        ]

    def __str__(self) -> str:
        return self.name


class Stage(Record):
    """A step of a pipeline; `probability` (0 to 1) weighs what stands in it."""

    class Kind(models.TextChoices):
        OPEN = "open", pgettext_lazy("opportunity", "open")
        WON = "won", _("won")
        LOST = "lost", _("lost")

    pipeline = models.ForeignKey(Pipeline, on_delete=models.CASCADE, related_name="stages", verbose_name=_("pipeline"))
    name = models.CharField(_("name"), max_length=200)
    position = models.PositiveIntegerField(pgettext_lazy("sequence", "position"), default=1)
    kind = models.CharField(_("kind"), max_length=10, choices=Kind.choices, default=Kind.OPEN)
    probability = PercentField(_("probability"), default=0)

    class Meta(Record.Meta):
        verbose_name = _("stage")
        verbose_name_plural = _("stages")
        constraints = [
            models.UniqueConstraint(fields=["pipeline", "name"], name="stage_once"),
            models.CheckConstraint(
                condition=models.Q(probability__gte=0, probability__lte=1), name="stage_probability_is_a_part"
            ),
            models.CheckConstraint(condition=~models.Q(kind="won") | models.Q(probability=1), name="stage_won_is_certain"),
            models.CheckConstraint(condition=~models.Q(kind="lost") | models.Q(probability=0), name="stage_lost_is_nothing"),
        ]
        indexes = [models.Index(fields=["position", "id"], name="stage_by_position")]

    def __str__(self) -> str:
        return self.name


class Opportunity(Record):
    """A deal with a party; its state follows from the kind of its stage."""

    class State(models.TextChoices):
        OPEN = "open", pgettext_lazy("opportunity", "open")
        WON = "won", _("won")
        LOST = "lost", _("lost")

    MOVES = {("open", "won"), ("open", "lost"), ("lost", "open"), ("lost", "won")}

    number = models.CharField(_("number"), max_length=80, null=True, blank=True, editable=False)
    title = models.CharField(_("title"), max_length=200)
    state = models.CharField(_("state"), max_length=20, choices=State.choices, default=State.OPEN, editable=False)
    company = models.ForeignKey("base.Company", on_delete=models.DO_NOTHING, related_name="+", verbose_name=_("company"))
    party = models.ForeignKey(
        "base.Party", on_delete=models.DO_NOTHING, db_index=False, related_name="+", verbose_name=_("party")
    )
    contact = models.ForeignKey(
        "base.Party", on_delete=models.DO_NOTHING, null=True, blank=True, related_name="+", verbose_name=_("contact")
    )
    lead = models.OneToOneField(
        Lead, on_delete=models.PROTECT, null=True, blank=True, related_name="opportunity", verbose_name=_("lead")
    )
    pipeline = models.ForeignKey(
        Pipeline, on_delete=models.PROTECT, db_index=False, related_name="opportunities", verbose_name=_("pipeline")
    )
    stage = models.ForeignKey(
        Stage, on_delete=models.PROTECT, db_index=False, related_name="opportunities", verbose_name=_("stage")
    )
    amount = AmountField(_("amount"), default=0)
    currency = CurrencyField(_("currency"))
    expected_close = models.DateField(_("expected to close"), null=True, blank=True)
    closed_at = models.DateTimeField(_("closed at"), null=True, blank=True, editable=False)
    reason = models.CharField(_("reason"), max_length=400, blank=True)
    owner = MemberKey(_("owner"), null=True, blank=True)
    org_unit = models.ForeignKey(
        "base.OrgUnit",
        on_delete=models.DO_NOTHING,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=pgettext_lazy("organisation", "unit"),
    )
    note = models.TextField(_("note"), blank=True)

    class Meta(Record.Meta):
        verbose_name = _("opportunity")
        verbose_name_plural = _("opportunities")
        constraints = [
            models.UniqueConstraint(fields=["number"], name="opportunity_number_once"),
            models.CheckConstraint(condition=models.Q(amount__gte=0), name="opportunity_amount_not_negative"),
        ]
        indexes = [
            models.Index(OrGreatest("expected_close"), "id", name="opportunity_by_close"),
            models.Index(fields=["amount", "id"], name="opportunity_by_amount"),
            models.Index(fields=["created_at", "id"], name="opportunity_by_creation"),
            models.Index(fields=["title", "id"], name="opportunity_by_title"),
            models.Index(fields=["party", "id"], name="opportunity_by_party"),
            models.Index(fields=["pipeline", "id"], name="opportunity_by_pipeline"),
            models.Index(fields=["stage", "id"], name="opportunity_in_stage_order"),
            models.Index(fields=["pipeline", "stage"], name="opportunity_by_stage"),
            models.Index(fields=["owner", "state"], name="opportunity_by_owner"),
            search_index("title", "number", name="opportunity_search"),
        ]

    def __str__(self) -> str:
        return self.title


class StageChange(Model):
    """One step of an opportunity: from which stage to which, when, by whom, at which amount; never changed."""

    audited = False

    opportunity = models.ForeignKey(Opportunity, on_delete=models.CASCADE, related_name="changes", verbose_name=_("opportunity"))
    source = models.ForeignKey(Stage, on_delete=models.PROTECT, null=True, related_name="+", verbose_name=_("from stage"))
    target = models.ForeignKey(Stage, on_delete=models.PROTECT, related_name="+", verbose_name=_("to stage"))
    amount = AmountField(_("amount"), default=0)
    member = MemberKey(_("member"), null=True)
    recorded_at = models.DateTimeField(_("moved at"), auto_now_add=True)

    class Meta(Model.Meta):
        verbose_name = _("stage change")
        verbose_name_plural = _("stage changes")
        indexes = [
            models.Index(fields=["target", "opportunity"], name="stage_change_by_target"),
            models.Index(fields=["recorded_at", "id"], name="stage_change_by_time"),
        ]
