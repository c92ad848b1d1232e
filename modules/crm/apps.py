"""Customer relationship management: from the lead to the order."""

from django.utils.translation import gettext_lazy as _
from tessera.module import Module


class Crm(Module):
    """A bundle: it has no tables, only parts."""

    name, label, title, version = "modules.crm", "crm", _("CRM"), "1.0"
    platform = ">=0.1,<1"
    depends = ("sales", "orders", "service", "workflow")
