"""Imports, as their owners see them."""

from tessera.exchange import services
from tessera.exchange.models import ImportRun
from tessera.resource import List, Resource, RowScope

Resource(
    model=ImportRun,
    fields=("importer", "mode", "owner", "total", "imported", "problems", "created_at", "version"),
    create=services.import_rows,
    filters=("importer", "created_at"),
    order=("created_at",),
    scope=RowScope(owner="owner"),
    views=(List(("created_at", "importer", "total", "imported")),),
)
