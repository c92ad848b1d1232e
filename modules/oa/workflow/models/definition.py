"""Processes as data."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy
from tessera.api import MemberKey, OrGreatest, Record, search_index


class ProcessDefinition(Record):
    """Who has to approve before documents of a kind go to a state, and when that applies.

    `kind` is a model label ("orders.Quote"), `transition` the state gone to. Where several
    processes apply to one transition, all have to approve, in their `order`. A published edition
    never changes: what changes is a new edition that takes its place.
    """

    class State(models.TextChoices):
        DRAFT = "draft", _("draft")
        PUBLISHED = "published", _("published")
        RETIRED = "retired", _("retired")

    name = models.CharField(_("name"), max_length=200)
    kind = models.CharField(_("kind of document"), max_length=60)
    transition = models.CharField(_("on the way to"), max_length=30)
    order = models.PositiveSmallIntegerField(pgettext_lazy("sequence", "order"), default=1)
    edition = models.PositiveIntegerField(_("edition"), default=1, editable=False)
    conditions = models.JSONField(_("conditions"), default=list)
    steps = models.JSONField(_("steps"), default=list)
    state = models.CharField(_("state"), max_length=10, choices=State.choices, default=State.DRAFT, editable=False)
    fallback_role = models.CharField(_("decides where nobody else can"), max_length=121, blank=True)
    published_at = models.DateTimeField(_("published at"), null=True, blank=True, editable=False)
    published_by = MemberKey(_("published by"), null=True, blank=True, editable=False)

    MOVES = {("draft", "published"), ("draft", "retired"), ("published", "retired")}

    class Meta(Record.Meta):
        verbose_name = _("process")
        verbose_name_plural = _("processes")
        constraints = [
            models.UniqueConstraint(fields=["kind", "transition", "order", "edition"], name="process_edition_once"),
            models.UniqueConstraint(
                fields=["kind", "transition", "order"], condition=Q(state="published"), name="process_published_once"
            ),
            models.CheckConstraint(
                condition=~Q(state="published") | Q(published_at__isnull=False), name="process_published_at_a_time"
            ),
        ]
        indexes = [
            models.Index(fields=["name", "id"], name="process_definition_by_name"),
            models.Index(fields=["kind", "id"], name="process_definition_by_kind"),
            models.Index(OrGreatest("published_at"), "id", name="definition_by_publication"),
            search_index("name", name="process_definition_search"),
        ]

    def __str__(self) -> str:
        return self.name
