"""Ask for a bulk operation, or for its end."""

from typing import Any

from django.conf import settings
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from tessera.bulk.models import BulkOperation
from tessera.bulk.services.progress import KEPT
from tessera.context import current
from tessera.errors import Refused
from tessera.files.models import StoredFile
from tessera.files.services import create_result, keep_file
from tessera.graph.lines import LineMutation
from tessera.graph.paged import PagedQuery
from tessera.locks import lock
from tessera.quotas import Meter
from tessera.service import demand, service
from tessera.tasks import enqueue
from tessera.unit_of_work import lock_for_update
from tessera.usage.services import use


@service(permission="bulk.bulk_operation_export", while_read_only=True)
def start_export(*, query: str, variables: dict[str, Any] | None = None) -> BulkOperation:
    """Read a whole list into a file: one row a line, as JSON, under the rights that its owner has while it runs.

    The query is `{ parties(filter: ...) { nodes { ... } } }`; a list inside says how many rows it shows (`first`).
    """
    permission = PagedQuery(query, variables or {}).permission
    demand(permission)
    made = BulkOperation(kind=BulkOperation.Kind.EXPORT, text=query, variables=variables or {}, permission=permission)
    return _start(made)


@service(permission="bulk.bulk_operation_import")
def start_import(*, mutation: str, file: StoredFile) -> BulkOperation:
    """Run a mutation once for each line of an uploaded file (purpose BULK), a line being its arguments as a JSON object.

    The result has a line for each: its number, and what the mutation answers. A line has its effect once, however
    often workers are killed.
    """
    permission = LineMutation(mutation).permission
    demand(permission)
    keep_file(file=file, purpose=StoredFile.Purpose.BULK, until=timezone.now() + KEPT)
    made = BulkOperation(kind=BulkOperation.Kind.IMPORT, text=mutation, input_file=file.pk, permission=permission)
    return _start(made)


def _start(made: BulkOperation) -> BulkOperation:
    from tessera.bulk.tasks import start_operations

    lock("bulk operations")
    most = settings.TESSERA_BULK["unfinished"]
    if BulkOperation.objects.filter(finished_at__isnull=True).count() >= most:
        raise Refused("LIMIT", _("At most {most} bulk operations wait or run at once.").format(most=most))
    actor = current().actor
    made.owner, made.token, made.language = actor.member_id, actor.token_id, get_language() or settings.LANGUAGE_CODE
    name = f"{made.kind}-{made.pk}.jsonl"
    made.result_file = create_result(name=name, owner=made.owner, expires_at=timezone.now() + KEPT).pk
    made.save()
    use(Meter.AUTOMATION_RUNS)
    enqueue(start_operations)
    return made


@service(permission="bulk.bulk_operation_cancel", while_read_only=True)
def cancel_operation(*, operation: BulkOperation) -> BulkOperation:
    """Stop an operation: one that waits at once, one that runs after its page; what it has done until then stays."""
    (row,) = lock_for_update(BulkOperation.objects.filter(pk=operation.pk))
    if row.state not in BulkOperation.UNFINISHED:
        raise Refused("STATE", _("It has ended already."), "state")
    if row.state == BulkOperation.State.WAITING:
        row.state, row.finished_at = BulkOperation.State.CANCELLED, timezone.now()
    else:
        row.state = BulkOperation.State.CANCELLING
    row.save()
    return row
