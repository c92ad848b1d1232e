"""What fields there are, and what they hold: one row of values per record that has any."""

from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from tessera.models import Model, Record
from tessera.search.expressions import search_index


class CustomField(Record):
    """A field that this tenant added to a kind of record ("base.Party").

    `choices` goes with the kinds choice and choices: `[{"value": "a", "title": "A"}]`. A field that
    is not active is neither shown nor written; what it held stays.
    """

    class Kind(models.TextChoices):
        TEXT = "text", _("text")
        NUMBER = "number", pgettext_lazy("custom field", "number")
        DATE = "date", _("date")
        BOOLEAN = "boolean", _("yes or no")
        CHOICE = "choice", _("choice")
        CHOICES = "choices", _("several choices")
        MEMBER = "member", _("member")

    label = models.CharField(_("kind of record"), max_length=60)
    name = models.CharField(_("name"), max_length=40)
    title = models.CharField(_("title"), max_length=200)
    kind = models.CharField(_("kind"), max_length=10, choices=Kind.choices)
    choices = models.JSONField(_("choices"), default=list, blank=True)
    required = models.BooleanField(_("required"), default=False)
    position = models.PositiveIntegerField(pgettext_lazy("custom field", "position"), default=1)
    help_text = models.CharField(_("help"), max_length=400, blank=True)
    active = models.BooleanField(pgettext_lazy("record", "active"), default=True)

    class Meta(Record.Meta):
        verbose_name = _("custom field")
        verbose_name_plural = _("custom fields")
        constraints = [
            models.UniqueConstraint(
                fields=["label", "name"], name="custom_field_once", violation_error_message=_("There is a field of this name.")
            ),
            models.CheckConstraint(condition=models.Q(name__regex=r"^[a-z][a-zA-Z0-9]{0,39}$"), name="custom_field_has_a_name"),
        ]
        indexes = [
            models.Index(fields=["label", "id"], name="custom_field_by_label"),
            models.Index(fields=["position", "id"], name="custom_field_by_position"),
            models.Index(fields=["name", "id"], name="custom_field_by_name"),
            search_index("name", "title", name="custom_field_search"),
        ]

    def __str__(self) -> str:
        return self.title


class CustomValues(Model):
    """What the custom fields of one record hold, by name; the record's version and audit are those of its fields too.

    Numbers and dates are texts in one spelling ("12.5", "2026-03-31"), several choices a sorted
    list of values, so that equal values are equal JSON.
    """

    audited = False

    label = models.CharField(_("kind of record"), max_length=60)
    record = models.UUIDField(_("record"))
    values = models.JSONField(_("values"), default=dict)

    class Meta(Model.Meta):
        constraints = [models.UniqueConstraint(fields=["record", "label"], name="custom_values_once")]
        indexes = [
            models.Index(fields=["label"], name="custom_values_by_kind"),
            GinIndex(fields=["values"], opclasses=["jsonb_path_ops"], name="custom_values_by_content"),
        ]
