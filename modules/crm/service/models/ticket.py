"""Something a customer needs help with."""

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy
from tessera.api import MemberKey, OrGreatest, Record, search_index

from modules.crm.service.models.survey import Survey


class Priority(models.TextChoices):
    """How much a ticket hurts."""

    LOW = "low", pgettext_lazy("priority", "low")
    NORMAL = "normal", pgettext_lazy("priority", "normal")
    HIGH = "high", pgettext_lazy("priority", "high")
    URGENT = "urgent", pgettext_lazy("priority", "urgent")


class SlaPolicy(Record):
    """How soon tickets of a priority are answered and solved, in hours."""

    priority = models.CharField(_("priority"), max_length=10, choices=Priority.choices)
    response_hours = models.PositiveIntegerField(_("hours to the first response"))
    resolve_hours = models.PositiveIntegerField(_("hours to the solution"))

    class Meta(Record.Meta):
        verbose_name = _("service level")
        verbose_name_plural = _("service levels")
        constraints = [
            models.UniqueConstraint(fields=["priority"], name="sla_policy_once"),
            models.CheckConstraint(
                condition=models.Q(resolve_hours__gte=models.F("response_hours")), name="sla_policy_solves_after_response"
            ),
        ]

    def __str__(self) -> str:
        return self.priority


class Ticket(Record):
    """A customer's trouble, from opening to closing; reopened, its clock to the solution runs on."""

    class State(models.TextChoices):
        OPEN = "open", pgettext_lazy("ticket", "open")
        IN_PROGRESS = "in_progress", _("in progress")
        RESOLVED = "resolved", _("resolved")
        CLOSED = "closed", _("closed")

    MOVES = {
        ("open", "in_progress"),
        ("open", "resolved"),
        ("in_progress", "resolved"),
        ("resolved", "in_progress"),
        ("resolved", "closed"),
    }

    number = models.CharField(_("number"), max_length=80, null=True, blank=True, editable=False)
    state = models.CharField(_("state"), max_length=20, choices=State.choices, default=State.OPEN, editable=False)
    subject = models.CharField(_("subject of the ticket"), max_length=300)
    description = models.TextField(_("description"), blank=True)
    priority = models.CharField(_("priority"), max_length=10, choices=Priority.choices, default=Priority.NORMAL)
    company = models.ForeignKey("base.Company", on_delete=models.DO_NOTHING, related_name="+", verbose_name=_("company"))
    party = models.ForeignKey(
        "base.Party", on_delete=models.DO_NOTHING, db_index=False, related_name="+", verbose_name=_("party")
    )
    contact = models.ForeignKey(
        "base.Party", on_delete=models.DO_NOTHING, null=True, blank=True, related_name="+", verbose_name=_("contact")
    )
    survey = models.OneToOneField(
        Survey, on_delete=models.PROTECT, null=True, blank=True, related_name="ticket", verbose_name=_("survey")
    )
    owner = MemberKey(_("owner"), null=True, blank=True)
    org_unit = models.ForeignKey(
        "base.OrgUnit",
        on_delete=models.DO_NOTHING,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=pgettext_lazy("organisation", "unit"),
    )
    response_due_at = models.DateTimeField(_("first response due"), null=True, blank=True, editable=False)
    first_response_at = models.DateTimeField(_("first response"), null=True, blank=True, editable=False)
    resolve_due_at = models.DateTimeField(_("solution due"), null=True, blank=True, editable=False)
    resolved_at = models.DateTimeField(_("resolved at"), null=True, blank=True, editable=False)
    resolution = models.TextField(_("resolution"), blank=True)

    class Meta(Record.Meta):
        verbose_name = _("ticket")
        verbose_name_plural = _("tickets")
        constraints = [
            models.UniqueConstraint(fields=["number"], name="ticket_number_once"),
            models.CheckConstraint(
                condition=~models.Q(state="in_progress") | models.Q(owner__isnull=False), name="ticket_in_progress_has_owner"
            ),
        ]
        indexes = [
            models.Index(fields=["created_at", "id"], name="ticket_by_creation"),
            models.Index(OrGreatest("resolve_due_at"), "id", name="ticket_by_resolving"),
            models.Index(OrGreatest("response_due_at"), "id", name="ticket_by_response"),
            models.Index(OrGreatest("number"), "id", name="ticket_by_number"),
            models.Index(fields=["survey", "id"], name="ticket_by_survey"),
            models.Index(fields=["owner", "state"], name="ticket_by_owner"),
            models.Index(fields=["party", "id"], name="ticket_by_party"),
            search_index("number", "subject", "description", name="ticket_search"),
        ]

    def __str__(self) -> str:
        return self.subject
