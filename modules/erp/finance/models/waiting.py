"""Lines of documents whose goods and papers wait for each other."""

from django.db import models
from django.utils.translation import gettext_lazy as _
from tessera.api import Model


class WaitingLine(Model):
    """Stands for a line of an order or a receipt under locks.

    What moved of it and what was invoiced or billed are sums of entry lines; whoever adds to them
    holds this row, so that two at once see each other.
    """

    audited = False

    line = models.UUIDField(_("line of the document"))

    class Meta(Model.Meta):
        verbose_name = _("line that waits for paper")
        verbose_name_plural = _("lines that wait for paper")
        constraints = [models.UniqueConstraint(fields=["line"], name="waiting_line_once")]
