"""What rows in a tree have in common."""

from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext_lazy as _
from tessera.api import Record


class InTree(Record):
    """A row below a `parent` of its kind, which a concrete model declares. A trigger refuses circles, see `guards`."""

    class Meta(Record.Meta):
        abstract = True

    parent: models.ForeignKey

    def clean(self) -> None:
        """Refuse with CYCLE to put a row below itself."""
        above = self.parent
        while above is not None:
            if above.pk == self.pk:
                raise ValidationError({"parent": ValidationError(_("Nothing is below itself."), code="CYCLE")})
            above = above.parent
