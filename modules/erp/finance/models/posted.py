"""What documents that are posted have in common."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class PostedOnce:
    """A document that takes effect once and is only taken back whole; the mark comes before the model it marks."""

    MOVES = {("draft", "posted"), ("posted", "reversed")}

    class State(models.TextChoices):
        DRAFT = "draft", _("draft")
        POSTED = "posted", _("posted")
        REVERSED = "reversed", _("reversed")
