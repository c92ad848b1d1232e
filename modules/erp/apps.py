"""Enterprise resource planning: orders, stock and the books."""

from django.utils.translation import gettext_lazy as _
from tessera.module import Module


class Erp(Module):
    """A bundle: it has no tables, only parts."""

    name, label, title, version = "modules.erp", "erp", _("ERP"), "1.0"
    platform = ">=0.1,<1"
    depends = ("workflow", "orders", "finance", "stock")
