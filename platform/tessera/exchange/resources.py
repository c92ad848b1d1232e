"""Imports, as their owners see them."""

from django.utils.translation import gettext_lazy as _

from tessera.exchange import services
from tessera.exchange.models import ImportRun
from tessera.module import Permission
from tessera.permissions import KERNEL_PERMISSIONS
from tessera.resource import List, Resource, RowScope

KERNEL_PERMISSIONS.append(Permission("exchange.import_run_create", _("Import records")))
Resource(
    model=ImportRun,
    fields=("importer", "mode", "owner", "total", "imported", "problems", "held", "created_at", "version"),
    create=services.import_rows,
    filters=("importer", "created_at"),
    order=("created_at",),
    scope=RowScope(owner="owner"),
    views=(List(("created_at", "importer", "total", "imported")),),
)
