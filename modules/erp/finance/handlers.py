"""What finance does when others tell a fact: books it, in the same transaction."""

from typing import Any

from tessera.api import during

from modules.base.api import Item, MoveValued
from modules.erp.finance import services
from modules.erp.finance.charts import chart_for


@during("base.company_created")
def open_books(fact: Any, *, company: Any, **live: Any) -> None:
    """Open the books of a new company with the chart of its country."""
    services.setup_books(company=company, chart_code=chart_for(company.country))


@during("base.party_merged")
def follow_merged_parties(fact: Any, **live: Any) -> None:
    """Let open items follow the party that stands for another one now."""
    services.follow_merged_parties()


@during("stock.moves_done")
def book_moves(fact: Any, *, moves: list[MoveValued], **live: Any) -> None:
    """Book what moved, where it changes what is ours."""
    services.book_moves(
        company=fact.company,
        document_kind=fact.document_kind,
        document=fact.subject,
        posting_date=fact.posting_date,
        number=fact.number,
        moves=moves,
    )


@during("stock.value_adjusted")
def book_adjustment(fact: Any, **live: Any) -> None:
    """Book a later difference of cost, unless a bill told it."""
    if fact.cause == "finance":
        return
    services.book_adjustment(
        company=fact.company,
        adjustment=fact.subject,
        item=fact.item,
        item_category=Item.objects.values_list("category_id", flat=True).get(pk=fact.item),
        on_hand=fact.on_hand,
        gone=fact.gone,
        on=fact.effective_date,
        reason=fact.reason,
    )
