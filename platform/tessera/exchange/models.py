"""What was imported, and what was wrong with it."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from tessera.fields import MemberKey
from tessera.models import Record


class ImportRun(Record):
    """One import: how many rows came in, and every bad row with its reason.

    `problems` is a list of {row, field, code, message}; rows are counted from 1, the heading not counted.
    `held` is a list of {row, label, record, transition}: documents that came in and wait for an approval.
    """

    class Mode(models.TextChoices):
        ALL_OR_NOTHING = "all_or_nothing", _("all rows or none")
        GOOD_ROWS = "good_rows", _("the good rows")

    class Format(models.TextChoices):
        CSV = "csv", "CSV"
        JSON = "json", "JSON"

    importer = models.CharField(_("kind"), max_length=60)
    mode = models.CharField(_("mode"), max_length=20, choices=Mode.choices)
    owner = MemberKey(_("owner"), null=True)
    total = models.PositiveIntegerField(_("rows"), default=0)
    imported = models.PositiveIntegerField(_("imported"), default=0)
    problems = models.JSONField(_("problems"), default=list)
    held = models.JSONField(_("waiting for approval"), default=list)

    class Meta(Record.Meta):
        verbose_name = _("import")
        verbose_name_plural = _("imports")
        indexes = [models.Index(fields=["created_at", "id"], name="import_run_by_creation")]
