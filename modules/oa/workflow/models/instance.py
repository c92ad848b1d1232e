"""One run of a process for one content of one document."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy
from tessera.api import MemberKey, Model, OrGreatest, Record, search_index


class ProcessInstance(Record):
    """A request for approval of exactly the content with `content_hash`.

    That is the content with which the document would go on; `base_hash` is of what was stored when
    it was asked, which differs where the held service itself changes the content.
    `round` counts how often it was returned, plus one; `step` is where it stands, 0 while it is
    with its requester. `facts` are the document's values that the conditions were judged by.
    """

    class State(models.TextChoices):
        RUNNING = "running", _("running")
        APPROVED = "approved", _("approved")
        REJECTED = "rejected", _("rejected")
        WITHDRAWN = "withdrawn", _("withdrawn")
        VOID = "void", _("void, the content changed")

    definition = models.ForeignKey(
        "workflow.ProcessDefinition", on_delete=models.PROTECT, related_name="instances", verbose_name=_("process")
    )
    kind = models.CharField(_("kind of document"), max_length=60)
    document = models.UUIDField(_("document"))
    title = models.CharField(_("title"), max_length=200)
    transition = models.CharField(_("on the way to"), max_length=30)
    content_hash = models.CharField(_("content"), max_length=64)
    base_hash = models.CharField(max_length=64)
    facts = models.JSONField(pgettext_lazy("approval", "facts"), default=dict)
    hold = models.ForeignKey("lineage.TransitionHold", on_delete=models.DO_NOTHING, related_name="+", verbose_name=_("hold"))
    requested_by = MemberKey(_("requested by"), null=True, blank=True)
    state = models.CharField(_("state"), max_length=10, choices=State.choices, default=State.RUNNING)
    round = models.PositiveIntegerField(_("round"), default=1)
    step = models.PositiveIntegerField(_("step"), default=1)
    ended_at = models.DateTimeField(_("ended at"), null=True, blank=True)

    class Meta(Record.Meta):
        verbose_name = _("request for approval")
        verbose_name_plural = _("requests for approval")
        constraints = [
            models.UniqueConstraint(fields=["document", "transition"], condition=Q(state="running"), name="process_one_running"),
            models.CheckConstraint(condition=Q(state="running") | Q(ended_at__isnull=False), name="process_ends_at_a_time"),
        ]
        indexes = [
            models.Index(fields=["created_at", "id"], name="process_instance_by_creation"),
            models.Index(OrGreatest("ended_at"), "id", name="process_instance_by_end"),
            models.Index(fields=["document", "transition", "content_hash"], name="process_by_content"),
            search_index("title", name="process_instance_search"),
        ]

    def __str__(self) -> str:
        return self.title


class ApprovalTask(Record):
    """What one member is asked in one step of one round; step 0 asks the requester to submit again.

    `acting_for` is whom the assignee stands in for, `transferred_from` who handed the task on,
    `added_by` who asked for this opinion beyond what the process says.
    """

    class State(models.TextChoices):
        WAITING = "waiting", _("not yet asked")
        OPEN = "open", pgettext_lazy("task", "open")
        APPROVED = "approved", _("approved")
        REJECTED = "rejected", _("rejected")
        RETURNED = "returned", _("returned")
        RESUBMITTED = "resubmitted", _("submitted again")
        HANDED_ON = "handed_on", _("handed on")
        DROPPED = "dropped", _("not needed any more")

    instance = models.ForeignKey(
        ProcessInstance, on_delete=models.CASCADE, related_name="tasks", verbose_name=pgettext_lazy("approval", "request")
    )
    kind = models.CharField(_("kind of document"), max_length=60)
    document = models.UUIDField(_("document"))
    title = models.CharField(_("title"), max_length=200)
    requested_by = MemberKey(_("requested by"), null=True, blank=True)
    round = models.PositiveIntegerField(_("round"))
    step = models.PositiveIntegerField(_("step"))
    position = models.PositiveIntegerField(pgettext_lazy("sequence", "position"), default=1)
    assignee = MemberKey(_("assignee"))
    acting_for = MemberKey(_("acting for"), null=True, blank=True)
    transferred_from = MemberKey(_("handed on by"), null=True, blank=True)
    added_by = MemberKey(_("added by"), null=True, blank=True)
    state = models.CharField(_("state"), max_length=12, choices=State.choices, default=State.OPEN)
    answer = models.TextField(_("answer of the requester"), blank=True)
    opened_at = models.DateTimeField(_("asked at"), null=True, blank=True)
    decided_at = models.DateTimeField(_("decided at"), null=True, blank=True)

    class Meta(Record.Meta):
        verbose_name = _("approval task")
        verbose_name_plural = _("approval tasks")
        constraints = [
            models.UniqueConstraint(
                fields=["instance", "round", "step", "assignee"],
                condition=~Q(state="handed_on"),
                name="approval_task_once",
                violation_error_code="CONFLICT",
                violation_error_message=_("This member is asked already."),
            ),
            models.CheckConstraint(condition=Q(step=0) | ~Q(assignee=models.F("requested_by")), name="approval_task_not_own"),
        ]
        indexes = [
            models.Index(OrGreatest("opened_at"), "id", name="approval_task_by_opening"),
            models.Index(OrGreatest("decided_at"), "id", name="approval_task_by_decision"),
            models.Index(fields=["assignee", "state"], name="approval_task_inbox"),
            search_index("title", name="approval_task_search"),
        ]

    def __str__(self) -> str:
        return self.title


class Vote(Model):
    """What a member said, once per task; never changed and never deleted."""

    audited = False

    class Decision(models.TextChoices):
        APPROVE = "approve", _("approve")
        REJECT = "reject", _("reject")
        RETURN = "return", _("return")

    task = models.OneToOneField(ApprovalTask, on_delete=models.DO_NOTHING, related_name="vote", verbose_name=_("task"))
    instance = models.ForeignKey(
        ProcessInstance,
        on_delete=models.DO_NOTHING,
        db_index=False,
        related_name="votes",
        verbose_name=pgettext_lazy("approval", "request"),
    )
    round = models.PositiveIntegerField(_("round"))
    step = models.PositiveIntegerField(_("step"))
    member = MemberKey(_("member"))
    acting_for = MemberKey(_("acting for"), null=True, blank=True)
    decision = models.CharField(_("decision"), max_length=10, choices=Decision.choices)
    comment = models.TextField(pgettext_lazy("approval", "comment"), blank=True)
    recorded_at = models.DateTimeField(_("recorded at"), auto_now_add=True)

    class Meta(Model.Meta):
        verbose_name = _("vote")
        verbose_name_plural = _("votes")
        indexes = [
            models.Index(fields=["instance", "id"], name="vote_by_process"),
            models.Index(fields=["recorded_at", "id"], name="vote_by_time"),
        ]
