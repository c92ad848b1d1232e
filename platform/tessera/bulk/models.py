"""Operations that take longer than a request, and how far each has come."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from tessera.fields import MemberKey
from tessera.models import Model, Record


class BulkOperation(Record):
    """One list read to its end, or one file whose lines are mutations, for its owner and under the owner's rights."""

    # The row is the checkpoint. A worker holds `lease` until `leased_until` and renews it with every step; whoever takes it
    # over goes on from `cursor` (out), which moves in the transaction that puts a further part behind the result, or from
    # `position` (in, a byte of the input), which moves in the transaction of what the lines do. `token` is the access token
    # that asked, whose scopes bound the rights; `permission` is the right without which nobody gets the result: to view the
    # list, or to run the mutation.

    class Kind(models.TextChoices):
        EXPORT = "export", _("export")
        IMPORT = "import", _("import")

    class State(models.TextChoices):
        WAITING = "waiting", _("waiting")
        RUNNING = "running", pgettext_lazy("operation", "running")
        CANCELLING = "cancelling", _("being cancelled")
        CANCELLED = "cancelled", _("cancelled")
        DONE = "done", _("done")
        FAILED = "failed", _("failed")

    UNFINISHED = (State.WAITING, State.RUNNING, State.CANCELLING)

    kind = models.CharField(_("kind"), max_length=10, choices=Kind.choices)
    state = models.CharField(_("state"), max_length=10, choices=State.choices, default=State.WAITING, editable=False)
    owner = MemberKey(_("owner"), null=True, editable=False)
    token = models.UUIDField(null=True, editable=False)
    language = models.CharField(max_length=10, editable=False)
    text = models.TextField(_("query or mutation"))
    variables = models.JSONField(_("variables"), default=dict)
    permission = models.CharField(max_length=150, editable=False)
    input_file = models.UUIDField(null=True, editable=False)
    result_file = models.UUIDField(null=True, editable=False)
    cursor = models.TextField(blank=True, editable=False)
    position = models.BigIntegerField(default=0, editable=False)
    rows_total = models.PositiveIntegerField(_("rows"), null=True, editable=False)
    rows_done = models.PositiveIntegerField(_("rows done"), default=0, editable=False)
    rows_failed = models.PositiveIntegerField(_("rows refused"), default=0, editable=False)
    error_code = models.CharField(_("error"), max_length=40, blank=True, editable=False)
    error = models.TextField(_("reason"), blank=True, editable=False)
    lease = models.UUIDField(null=True, editable=False)
    leased_until = models.DateTimeField(null=True, editable=False)
    started_at = models.DateTimeField(_("started"), null=True, editable=False)
    finished_at = models.DateTimeField(_("finished"), null=True, editable=False)

    class Meta(Record.Meta):
        verbose_name = _("bulk operation")
        verbose_name_plural = _("bulk operations")
        constraints = [
            models.CheckConstraint(
                condition=Q(finished_at__isnull=True, state__in=["waiting", "running", "cancelling"])
                | Q(finished_at__isnull=False, state__in=["cancelled", "done", "failed"]),
                name="bulk_operation_finished_has_end",
            ),
            models.CheckConstraint(condition=Q(kind="export") | Q(input_file__isnull=False), name="bulk_import_has_input"),
            models.CheckConstraint(
                condition=Q(lease__isnull=True) | Q(leased_until__isnull=False), name="bulk_operation_lease_ends"
            ),
            models.CheckConstraint(condition=Q(rows_failed__lte=models.F("rows_done")), name="bulk_operation_failed_are_done"),
        ]
        indexes = [
            models.Index(fields=["created_at", "id"], name="bulk_operation_by_creation"),
            models.Index(fields=["id"], name="bulk_operation_open", condition=Q(finished_at__isnull=True)),
            models.Index(fields=["owner", "id"], name="bulk_operation_by_owner"),
        ]


class ResultLines(Model):
    """Lines of an import's result that no stored part has yet: `text`, from the line `first` of the input on.

    They are written in the transaction of what they tell of, and go with the one that puts them behind the result.
    """

    audited = False

    operation = models.ForeignKey(BulkOperation, models.CASCADE, related_name="+", db_index=False)  # the constraint has one
    first = models.PositiveIntegerField()
    text = models.TextField()

    class Meta(Model.Meta):
        constraints = [models.UniqueConstraint(fields=["operation", "first"], name="bulk_result_lines_once")]
