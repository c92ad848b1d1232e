"""Office automation: approvals, and what will join them."""

from django.utils.translation import gettext_lazy as _
from tessera.module import Module


class Oa(Module):
    """A bundle: it has no tables, only parts."""

    name, label, title, version = "modules.oa", "oa", _("OA"), "1.0"
    platform = ">=0.1,<1"
    depends = ("workflow",)
