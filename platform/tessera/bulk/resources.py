"""What people see of bulk operations: their own, with how far each has come."""

from django.utils.translation import gettext_lazy as _

from tessera.bulk import selectors, services
from tessera.bulk.models import BulkOperation
from tessera.module import Permission
from tessera.permissions import KERNEL_PERMISSIONS
from tessera.resource import Action, Computed, List, Resource, RowScope

KERNEL_PERMISSIONS += [
    Permission("bulk.bulk_operation_export", _("Read whole lists into a file")),
    Permission("bulk.bulk_operation_import", _("Run the lines of a file")),
    Permission("bulk.bulk_operation_cancel", _("Cancel bulk operations")),
]
UNFINISHED = tuple(map(str, BulkOperation.UNFINISHED))

Resource(
    model=BulkOperation,
    fields=(
        "kind", "state", "owner", "text", "variables", "rows_total", "rows_done", "rows_failed",
        "error_code", "error", "created_at", "started_at", "finished_at", "version",
    ),
    computed=(Computed("result_url", selectors.result_urls_of),),
    filters=("kind", "state", "owner", "created_at"),
    order=("created_at",),
    actions=(
        Action("export", services.start_export, title=_("Export")),
        Action("import", services.start_import, title=_("Import")),
        Action("cancel", services.cancel_operation, title=_("Cancel"), states=UNFINISHED),
    ),
    scope=RowScope(owner="owner"),
    views=(List(("created_at", "kind", "state", "rows_done", "rows_total")),),
)  # fmt: skip
