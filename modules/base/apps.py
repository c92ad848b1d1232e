"""The base: parties, items, units, money and organisation that every other module stands on."""

from django.utils.translation import gettext_lazy as _
from tessera.module import Module


class Base(Module):
    name, label, title, version = "modules.base", "base", _("Base"), "1.0"
    always_on = True
