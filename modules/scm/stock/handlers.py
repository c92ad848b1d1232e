"""What stock does when others tell a fact: in the same transaction where stock must never differ."""

from typing import Any

from tessera.api import Event, during, on

from modules.base.api import Demand
from modules.scm.stock import services


@during("base.company_created")
def set_up_company(fact: Any, *, company: Any, **live: Any) -> None:
    """Give a new company its warehouse and locations."""
    services.setup_company(company=company)


@during("orders.sales_order_confirmed")
def reserve_order(fact: Any, *, demands: list[Demand], **live: Any) -> None:
    """Remember what the order wants and set aside what is free, in line order; the rest is backorder."""
    services.take_new_demands(demands)


@during("orders.sales_order_short_closed")
def shorten_order(fact: Any, *, demands: list[Demand], **live: Any) -> None:
    """Let go of what is no longer wanted; it goes to whoever waits."""
    services.lower_demands(demands)


@during("orders.sales_order_cancelled")
def cancel_order(fact: Any, *, demands: list[Demand], **live: Any) -> None:
    """Let go of everything that was wanted; it goes to whoever waits."""
    services.lower_demands(demands)


@during("orders.sales_order_amended")
def amend_order(fact: Any, *, demands: list[Demand], removed: list[Demand], **live: Any) -> None:
    """Take the lines as they are now; what they let go of is theirs first, then it goes to whoever waits."""
    services.take_demands(demands, removed)


@on("orders.sales_order_confirmed")
def name_order(event: Event) -> None:
    """Remember the order's number, which is only given when its confirmation ends."""
    services.name_demands(document=event.subject, number=event.data["number"])
