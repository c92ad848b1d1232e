"""What maintenance keeps."""

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy
from tessera.api import MemberKey, OrGreatest, Record, search_index


class AcmeServicePlan(Record):
    """What every piece of an item gets: its warranty, and a visit each `interval_months`."""

    item = models.OneToOneField("base.Item", on_delete=models.DO_NOTHING, related_name="+", verbose_name=_("item"))
    warranty_months = models.PositiveSmallIntegerField(_("months of warranty"), default=24)
    interval_months = models.PositiveSmallIntegerField(_("months between visits"), default=12)
    note = models.TextField(_("note"), blank=True)

    class Meta(Record.Meta):
        verbose_name = _("service plan")
        verbose_name_plural = _("service plans")
        constraints = [
            models.CheckConstraint(
                condition=models.Q(interval_months__range=(1, 120)),
                name="acme_plan_visits_within_years",
                violation_error_message=_("There are 1 to 120 months between visits."),
            ),
            models.CheckConstraint(
                condition=models.Q(warranty_months__lte=120),
                name="acme_plan_warranty_within_years",
                violation_error_message=_("A warranty is of 120 months at most."),
            ),
        ]
        indexes = [models.Index(fields=["created_at", "id"], name="acme_plan_by_creation")]

    def __str__(self) -> str:
        return str(self.item)


class AcmeMachine(Record):
    """One piece of an item at a customer's."""

    class State(models.TextChoices):
        IN_USE = "in_use", pgettext_lazy("machine", "in use")
        RETIRED = "retired", pgettext_lazy("machine", "retired")

    MOVES = {("in_use", "retired")}

    number = models.CharField(_("number"), max_length=80, null=True, blank=True, editable=False)
    state = models.CharField(_("state"), max_length=10, choices=State.choices, default=State.IN_USE, editable=False)
    item = models.ForeignKey("base.Item", on_delete=models.DO_NOTHING, related_name="+", verbose_name=_("item"))
    serial_number = models.CharField(_("serial number"), max_length=60, blank=True)
    company = models.ForeignKey("base.Company", on_delete=models.DO_NOTHING, related_name="+", verbose_name=_("company"))
    party = models.ForeignKey(
        "base.Party", on_delete=models.DO_NOTHING, db_index=False, related_name="+", verbose_name=_("customer")
    )
    delivery = models.ForeignKey(
        "stock.Delivery", on_delete=models.DO_NOTHING, null=True, blank=True, related_name="+", verbose_name=_("delivery note")
    )
    delivered_on = models.DateField(_("delivered on"))
    warranty_until = models.DateField(_("warranty until"))
    note = models.TextField(_("note"), blank=True)

    class Meta(Record.Meta):
        verbose_name = _("machine")
        verbose_name_plural = _("machines")
        constraints = [
            models.UniqueConstraint(fields=["number"], name="acme_machine_number_once"),
            models.UniqueConstraint(
                fields=["item", "serial_number"],
                condition=models.Q(state="in_use") & ~models.Q(serial_number=""),
                name="acme_machine_in_use_once",
                violation_error_code="UNIQUE",
                violation_error_message=_("A machine with this serial number is in use."),
            ),
            models.CheckConstraint(
                condition=models.Q(warranty_until__gte=models.F("delivered_on")), name="acme_machine_warranty_follows"
            ),
        ]
        indexes = [
            models.Index(fields=["created_at", "id"], name="acme_machine_by_creation"),
            models.Index(OrGreatest("number"), "id", name="acme_machine_by_number"),
            models.Index(fields=["warranty_until", "id"], name="acme_machine_by_warranty"),
            models.Index(fields=["party", "id"], name="acme_machine_by_party"),
            search_index("number", "serial_number", name="acme_machine_search"),
        ]

    def __str__(self) -> str:
        return self.serial_number or self.number or ""


class AcmeVisit(Record):
    """A visit to a machine; there is one planned at a time, and the next is planned when it is done."""

    class State(models.TextChoices):
        PLANNED = "planned", pgettext_lazy("visit", "planned")
        DONE = "done", pgettext_lazy("visit", "done")
        CANCELLED = "cancelled", pgettext_lazy("visit", "cancelled")

    MOVES = {("planned", "done"), ("planned", "cancelled")}

    machine = models.ForeignKey(
        AcmeMachine, on_delete=models.PROTECT, db_index=False, related_name="visits", verbose_name=_("machine")
    )
    state = models.CharField(_("state"), max_length=10, choices=State.choices, default=State.PLANNED, editable=False)
    due_on = models.DateField(_("due on"))
    technician = MemberKey(_("technician"), null=True, blank=True)
    done_on = models.DateField(_("done on"), null=True, blank=True, editable=False)
    under_warranty = models.BooleanField(_("under warranty"), default=False, editable=False)
    report = models.TextField(_("report"), blank=True, editable=False)

    class Meta(Record.Meta):
        verbose_name = _("visit")
        verbose_name_plural = _("visits")
        constraints = [
            models.UniqueConstraint(fields=["machine"], condition=models.Q(state="planned"), name="acme_visit_planned_once"),
            models.CheckConstraint(
                condition=models.Q(state="done", done_on__isnull=False)
                | (~models.Q(state="done") & models.Q(done_on__isnull=True)),
                name="acme_visit_done_has_its_day",
            ),
        ]
        indexes = [
            models.Index(fields=["due_on", "id"], name="acme_visit_by_due"),
            models.Index(OrGreatest("done_on"), "id", name="acme_visit_by_done"),
            models.Index(fields=["machine", "id"], name="acme_visit_by_machine"),
            models.Index(fields=["technician", "state"], name="acme_visit_by_technician"),
        ]

    def __str__(self) -> str:
        return f"{self.machine} {self.due_on}"
