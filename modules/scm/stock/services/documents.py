"""What all stock documents share: how they begin, get their number, and tell what they moved."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any, TypeVar

from django.utils import timezone
from django.utils.translation import gettext as _
from tessera.api import Refused, assign_number, current, lock_for_update, move, publish, refuse_while_held, void_number

from modules.base.api import Company, Party, ValueSplit, standing_for
from modules.scm.stock.events import MovesDone, ValueAdjusted
from modules.scm.stock.models import Delivery, Receipt, StockCount, StockDocument, Transfer, ValueAdjustment
from modules.scm.stock.services.balances import Key
from modules.scm.stock.services.ledger import MoveDraft, post_moves, valued
from modules.scm.stock.services.periods import check_posting_date, today_of

D = TypeVar("D", bound=StockDocument)
PREFIXES = {Receipt: "GR", Delivery: "DN", Transfer: "TR", StockCount: "SC"}


def begin(document: type[D], company: Company, /, *, party: Party | None = None, **values: Any) -> D:
    """Return a draft of a stock document in the company's currency, not yet saved; a merged party is the one it became."""
    values.setdefault("document_date", today_of(company))
    values.setdefault("currency", company.currency)
    if party is not None:
        values["party"] = standing_for(party)
    return document(company=company, owner=current().actor.member_id, **values)


def locked(document: D) -> D:
    """Lock a document and return it as it is now; refuse one that waits for approval."""
    found = lock_for_update(type(document).objects.select_related("company", "party").filter(pk=document.pk))
    if not found:
        raise Refused("NOT_FOUND", _("There is no such document."), "id")
    refuse_while_held(found[0])
    return found[0]


def make_ready(document: D) -> D:
    """Let a document take effect: it gets its number at the end of the unit of work."""
    move(document, "ready")
    pattern = PREFIXES[type(document)] + "-{year}-{n:05}"
    assign_number(document, scope=_series_of(document), pattern=pattern, on=document.document_date)
    return document


def _series_of(document: StockDocument) -> tuple[Any, ...]:
    return (document._meta.label_lower, document.company_id, document.document_date.year)


def make_done(document: D, posting_date: date | None) -> D:
    """Let a document be done on a day that is open for stock; default its own posting date, or today."""
    document.posting_date = posting_date or document.posting_date or today_of(document.company)
    check_posting_date(document.company, document.posting_date)
    document.done_at = timezone.now()
    move(document, "done", also=("posting_date", "done_at"))
    return document


def cancel(document: D, reason: str) -> D:
    """Cancel a document that is not done; the number that it may have is void."""
    document.reason = reason
    move(document, "cancelled", also=("reason",))
    void_number(document, scope=_series_of(document), reason=reason)
    return document


def post(document: Any, drafts: Sequence[MoveDraft]) -> list[Key]:
    """Post a document's moves and tell them: whoever keeps books follows in the same transaction.

    Return the balances on which it let go of reservations that nobody needs any more.
    """
    posted = post_moves(document=document, drafts=drafts, posting_date=document.posting_date, effective_at=document.done_at)
    publish(
        MovesDone(
            subject=document.pk,
            document_kind=document._meta.label,
            company=document.company_id,
            number=document.number or "",
            posting_date=document.posting_date,
        ),
        moves=valued(document, drafts, posted.moves),
    )
    for adjustment in posted.adjustments:
        tell_adjustment(adjustment, "stock")
    return posted.freed


def tell_adjustment(adjustment: ValueAdjustment, cause: str) -> None:
    """Tell that goods cost something else; `cause` is the module that knows why."""
    publish(
        ValueAdjusted(
            subject=adjustment.pk,
            company=adjustment.company_id,
            item=adjustment.move.item_id,
            receipt_line=adjustment.move.line,
            on_hand=adjustment.on_hand,
            gone=adjustment.gone,
            reason=adjustment.reason,
            effective_date=adjustment.effective_date,
            cause=cause,
        ),
        adjustment=adjustment,
        split=ValueSplit(on_hand=adjustment.on_hand, gone=adjustment.gone),
    )


def check_quantity(quantity: Decimal, *field: str) -> Decimal:
    """Refuse a quantity that is not above zero."""
    if not quantity.is_finite() or quantity <= 0:
        raise Refused("INVALID", _("A quantity is above zero."), *field)
    return quantity
