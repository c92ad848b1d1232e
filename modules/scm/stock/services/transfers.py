"""Goods change their place within the company."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.utils.translation import gettext as _
from tessera.api import Refused, service

from modules.base.api import Company, Item
from modules.scm.stock.models import Location, Lot, Transfer, TransferLine
from modules.scm.stock.services.backorders import lock_open_demands, serve_backorders
from modules.scm.stock.services.documents import begin, cancel, check_quantity, locked, make_done, make_ready, post
from modules.scm.stock.services.ledger import MoveDraft
from modules.scm.stock.services.places import check_goods, check_lot, check_own, transit_of


@dataclass(frozen=True, kw_only=True)
class TransferLineInput:
    """Goods to be moved, in the base unit."""

    item: Item
    quantity: Decimal
    lot: Lot | None = None


@service(permission="stock.transfer_create")
def create_transfer(
    *, company: Company, source: Location, target: Location, lines: list[TransferLineInput], note: str = ""
) -> Transfer:
    """Draft a transfer from one location of the company to another."""
    check_own(source, company, "source")
    check_own(target, company, "target")
    if source.pk == target.pk:
        raise Refused("INVALID", _("A transfer goes somewhere else."), "target")
    if not lines:
        raise Refused("REQUIRED", _("A transfer has lines."), "lines")
    check_goods((line.item, ("lines", str(place), "item")) for place, line in enumerate(lines))
    transfer = begin(Transfer, company, source=source, target=target, note=note)
    transfer.save()
    TransferLine.objects.bulk_create(
        TransferLine(
            document=transfer,
            position=place + 1,
            item=line.item,
            description=line.item.name,
            quantity=check_quantity(line.quantity, "lines", str(place), "quantity"),
            unit_id=line.item.unit_id,
            base_quantity=line.quantity,
            lot=check_lot(line.item, line.lot, "lines", str(place), "lot"),
        )
        for place, line in enumerate(lines)
    )
    return transfer


@service(permission="stock.transfer_update")
def ready_transfer(*, transfer: Transfer) -> Transfer:
    """Release a transfer; it gets its number."""
    return make_ready(locked(transfer))


@service(permission="stock.transfer_update")
def cancel_transfer(*, transfer: Transfer, reason: str = "") -> Transfer:
    """Cancel a transfer that is not done."""
    return cancel(locked(transfer), reason)


@service(permission="stock.transfer_complete")
def complete_transfer(*, transfer: Transfer, posting_date: date | None = None) -> Transfer:
    """Move the goods, out into transit and in from it; what arrives in storage serves backorders."""
    transfer = make_done(locked(transfer), posting_date)
    lines = list(transfer.lines.select_related("item").order_by("position"))
    source, target = Location.objects.in_bulk([transfer.source_id, transfer.target_id]).values()
    if source.pk != transfer.source_id:
        source, target = target, source
    waiting = lock_open_demands(transfer.company_id, {line.item_id for line in lines})
    transit = transit_of(transfer.company_id)
    drafts = [
        MoveDraft(
            item=line.item,
            source=start,
            target=end,
            base_quantity=line.base_quantity,
            lot=line.lot_id,
            line=line,
            where=("lines", str(line.position - 1), "quantity"),
        )
        for line in lines
        for start, end in ((source, transit), (transit, target))
    ]
    post(transfer, drafts)
    serve_backorders(transfer.company_id, waiting, [draft.key(target) for draft in drafts])
    return transfer
