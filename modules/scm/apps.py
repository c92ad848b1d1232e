"""Supply chain management: orders and stock."""

from django.utils.translation import gettext_lazy as _
from tessera.module import Module


class Scm(Module):
    """A bundle: it has no tables, only parts."""

    name, label, title, version = "modules.scm", "scm", _("SCM"), "1.0"
    platform = ">=0.1,<1"
    depends = ("workflow", "orders", "stock")
