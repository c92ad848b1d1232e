"""The question that follows a delivered order."""

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy
from tessera.api import ModuleKey, OrGreatest, Record, search_index


class Survey(Record):
    """Asked once per delivered order. `serial` makes the link of an earlier letter worthless."""

    class State(models.TextChoices):
        SENT = "sent", _("sent")
        ANSWERED = "answered", _("answered")
        EXPIRED = "expired", _("expired")

    MOVES = {("sent", "answered"), ("sent", "expired")}

    state = models.CharField(_("state"), max_length=20, choices=State.choices, default=State.SENT, editable=False)
    document = ModuleKey("orders.SalesOrder", verbose_name=_("order"))
    document_number = models.CharField(_("number of the order"), max_length=80, blank=True)
    company = models.ForeignKey("base.Company", on_delete=models.DO_NOTHING, related_name="+", verbose_name=_("company"))
    party = models.ForeignKey(
        "base.Party", on_delete=models.DO_NOTHING, db_index=False, related_name="+", verbose_name=_("party")
    )
    contact = models.ForeignKey(
        "base.Party", on_delete=models.DO_NOTHING, null=True, blank=True, related_name="+", verbose_name=_("contact")
    )
    email = models.CharField(_("e-mail"), max_length=300, blank=True)
    serial = models.PositiveIntegerField(default=1, editable=False)
    expires_at = models.DateTimeField(_("open until"))
    mailed_at = models.DateTimeField(_("mailed at"), null=True, blank=True, editable=False)
    resent_at = models.DateTimeField(_("last sent again at"), null=True, blank=True, editable=False)
    answered_at = models.DateTimeField(_("answered at"), null=True, blank=True, editable=False)
    score = models.PositiveSmallIntegerField(
        _("score"), null=True, blank=True, editable=False, help_text=_("From 1, bad, to 5, good")
    )
    comment = models.TextField(pgettext_lazy("survey", "comment"), blank=True, editable=False)

    class Meta(Record.Meta):
        verbose_name = _("survey")
        verbose_name_plural = _("surveys")
        constraints = [
            models.UniqueConstraint(fields=["document"], name="survey_once_per_order"),
            models.CheckConstraint(
                condition=models.Q(score__isnull=True) | models.Q(score__gte=1, score__lte=5), name="survey_score_in_range"
            ),
            models.CheckConstraint(
                condition=models.Q(state="answered", score__isnull=False, answered_at__isnull=False)
                | (~models.Q(state="answered") & models.Q(score__isnull=True, answered_at__isnull=True)),
                name="survey_answered_has_score",
            ),
        ]
        indexes = [
            models.Index(fields=["resent_at"], condition=~models.Q(resent_at=None), name="survey_by_resending"),
            models.Index(fields=["created_at", "id"], name="survey_by_creation"),
            models.Index(OrGreatest("answered_at"), "id", name="survey_by_answer"),
            models.Index(OrGreatest("score"), "id", name="survey_by_score"),
            models.Index(fields=["party", "id"], name="survey_by_party"),
            models.Index(fields=["document", "id"], name="survey_by_document"),
            models.Index(fields=["expires_at"], condition=models.Q(state="sent"), name="survey_open_by_end"),
            search_index("document_number", "comment", name="survey_search"),
        ]

    def __str__(self) -> str:
        return self.document_number or str(self.document)
