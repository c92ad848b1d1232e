"""Somebody who may become a customer, and the rules by which leads find an owner."""

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy
from tessera.api import MemberKey, OrGreatest, Record, search_index


class LeadRule(Record):
    """Leads of a source go to its members in turn; the first matching rule by priority assigns.

    `assigned` counts the leads it gave out; its row lock keeps the turn fair. A blank source matches any.
    """

    name = models.CharField(_("name"), max_length=200)
    priority = models.PositiveIntegerField(_("priority"), default=100)
    source = models.CharField(_("source"), max_length=40, blank=True)
    sla_hours = models.PositiveIntegerField(_("hours to the first response"), default=24)
    assigned = models.PositiveIntegerField(_("assigned so far"), default=0, editable=False)
    active = models.BooleanField(pgettext_lazy("record", "active"), default=True)

    class Meta(Record.Meta):
        verbose_name = _("lead rule")
        verbose_name_plural = _("lead rules")
        constraints = [models.UniqueConstraint(fields=["name"], name="lead_rule_once")]
        indexes = [models.Index(fields=["priority", "id"], name="lead_rule_by_priority")]

    def __str__(self) -> str:
        return self.name


class LeadRuleMember(Record):
    """One whose turn comes in a rule."""

    rule = models.ForeignKey(LeadRule, on_delete=models.CASCADE, related_name="members", verbose_name=_("rule"))
    member = MemberKey(_("member"))
    position = models.PositiveIntegerField(pgettext_lazy("sequence", "position"), default=1)
    active = models.BooleanField(pgettext_lazy("record", "active"), default=True)

    class Meta(Record.Meta):
        verbose_name = _("member in turn")
        verbose_name_plural = _("members in turn")
        constraints = [models.UniqueConstraint(fields=["rule", "member"], name="lead_rule_member_once")]
        indexes = [models.Index(fields=["position", "id"], name="lead_rule_member_by_position")]


class Lead(Record):
    """A first contact; qualified, it is converted once into a party and an opportunity."""

    class State(models.TextChoices):
        NEW = "new", _("new")
        ASSIGNED = "assigned", _("assigned")
        CONVERTED = "converted", _("converted")
        LOST = "lost", _("lost")

    MOVES = {
        ("new", "assigned"),
        ("assigned", "assigned"),
        ("new", "converted"),
        ("assigned", "converted"),
        ("new", "lost"),
        ("assigned", "lost"),
    }

    number = models.CharField(_("number"), max_length=80, null=True, blank=True, editable=False)
    state = models.CharField(_("state"), max_length=20, choices=State.choices, default=State.NEW, editable=False)
    source = models.CharField(_("source"), max_length=40, blank=True)
    company_name = models.CharField(_("company name"), max_length=200, blank=True)
    contact_name = models.CharField(_("contact"), max_length=200, blank=True)
    email = models.CharField(_("e-mail"), max_length=300, blank=True)
    phone = models.CharField(_("phone"), max_length=60, blank=True)
    interest = models.TextField(_("interested in"), blank=True)
    owner = MemberKey(_("owner"), null=True, blank=True)
    org_unit = models.ForeignKey(
        "base.OrgUnit",
        on_delete=models.DO_NOTHING,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=pgettext_lazy("organisation", "unit"),
    )
    rule = models.ForeignKey(LeadRule, on_delete=models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("rule"))
    captured_at = models.DateTimeField(_("captured at"))
    captured_by = MemberKey(_("captured by"), null=True, blank=True, editable=False)
    sla_due_at = models.DateTimeField(_("first response due"), null=True, blank=True, editable=False)
    first_response_at = models.DateTimeField(_("first response"), null=True, blank=True, editable=False)
    reason = models.CharField(_("reason"), max_length=400, blank=True)
    party = models.ForeignKey(
        "base.Party",
        on_delete=models.DO_NOTHING,
        null=True,
        blank=True,
        editable=False,
        related_name="+",
        verbose_name=_("party"),
    )
    origin = models.CharField(_("origin"), max_length=20, default="manual")
    external_id = models.CharField(_("external id"), max_length=100, blank=True)

    class Meta(Record.Meta):
        verbose_name = _("lead")
        verbose_name_plural = _("leads")
        constraints = [
            models.UniqueConstraint(fields=["number"], name="lead_number_once"),
            models.UniqueConstraint(
                fields=["origin", "external_id"], condition=~models.Q(external_id=""), name="lead_external_id_once"
            ),
            models.CheckConstraint(
                condition=~models.Q(company_name="") | ~models.Q(contact_name=""),
                name="lead_is_somebody",
                violation_error_message=_("A lead has a company or a contact."),
            ),
            models.CheckConstraint(
                condition=~models.Q(state="assigned") | models.Q(owner__isnull=False), name="lead_assigned_has_owner"
            ),
            models.CheckConstraint(
                condition=~models.Q(state="converted") | models.Q(party__isnull=False), name="lead_converted_has_party"
            ),
        ]
        indexes = [
            models.Index(fields=["captured_by"], name="lead_by_creator"),
            models.Index(fields=["captured_at", "id"], name="lead_by_capture"),
            models.Index(OrGreatest("sla_due_at"), "id", name="lead_by_sla"),
            models.Index(fields=["company_name", "id"], name="lead_by_company"),
            models.Index(OrGreatest("number"), "id", name="lead_by_number"),
            models.Index(fields=["owner", "state"], name="lead_by_owner"),
            search_index("company_name", "contact_name", "email", "phone", "number", name="lead_search"),
        ]

    def __str__(self) -> str:
        return self.company_name or self.contact_name
