"""The rights to see and switch the modules of a tenant; its owner and administrators hold them, like every right."""

from django.utils.translation import gettext_lazy as _

from tessera.module import Permission
from tessera.permissions import KERNEL_PERMISSIONS

MODULE_VIEW, MODULE_SWITCH, MODULE_PURGE = "installation.module_view", "installation.module_switch", "installation.module_purge"

KERNEL_PERMISSIONS += [
    Permission(MODULE_VIEW, _("See which modules there are")),
    Permission(MODULE_SWITCH, _("Switch modules on and off")),
    Permission(MODULE_PURGE, _("Delete the data of a module for good")),
]
