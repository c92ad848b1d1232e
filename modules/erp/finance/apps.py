"""The manifest of finance."""

from django.utils.translation import gettext_lazy as _
from tessera.module import Module


class Finance(Module):
    """Ledger, receivables and payables; it books what other modules tell."""

    name, label, title, version = "modules.erp.finance", "finance", _("Finance"), "1.0"
    depends = ("base",)
