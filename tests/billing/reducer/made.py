"""A small catalogue and facts about one account, to be varied: Ada's company in Shanghai, made on the first of January at noon."""

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from billing.reducer import AccountFacts, Catalogue, Gives, ItemFacts, Quota, SubscriptionFacts

SHANGHAI = ZoneInfo("Asia/Shanghai")
MADE = datetime(2026, 1, 1, 4, tzinfo=UTC)  # noon in Shanghai
GIB = 1024**3

# base is always on, crm bundles sales and orders, sales needs orders; gift is sold by nobody, extra neither, but needs stock
DEPENDS = {
    "base": (),
    "orders": ("base",),
    "stock": ("base",),
    "sales": ("base", "orders"),
    "crm": ("sales", "orders"),
    "gift": ("base",),
    "extra": ("stock",),
}
EVERYTHING = frozenset(DEPENDS)
CATALOGUE = Catalogue(
    products={
        "plan.starter": Gives(frozenset({"crm"}), 5, {"storage": Quota(10 * GIB, False), "runs": Quota(100, False)}),
        "plan.business": Gives(frozenset({"crm", "stock"}), 20, {"storage": Quota(50 * GIB, True)}),
        "plan.endless": Gives(frozenset({"crm"}), None, {"storage": Quota(None, False)}),
        "module.stock": Gives(frozenset({"stock"})),
        "seat.starter": Gives(frozenset(), 1),
    },
    trial=Gives(EVERYTHING, 25, {"storage": Quota(GIB, False)}),
    depends=DEPENDS,
    always_on=frozenset({"base"}),
)


def day(number: int, **more: int) -> datetime:
    """Return the moment so many days after the account was made."""
    return MADE + timedelta(days=number, **more)


def local(year: int, month: int, number: int) -> datetime:
    """Return when a day begins in Shanghai."""
    return datetime(year, month, number, tzinfo=SHANGHAI)


def item(product: str, quantity: int = 1, *, start: datetime = MADE, end: datetime | None = None) -> ItemFacts:
    """Return a line of a subscription whose period is 30 days."""
    return ItemFacts(f"si_{product}", product, quantity, start, end or start + timedelta(days=30))


def subscription(*products: Any, id: str = "sub_1", status: str = "active", **facts: Any) -> SubscriptionFacts:
    """Return a subscription of products, by default an active one."""
    items = tuple(each if isinstance(each, ItemFacts) else item(each) for each in products or ("plan.starter",))
    return SubscriptionFacts(**{"id": id, "status": status, "created": MADE, "items": items} | facts)


def account(*subscriptions: SubscriptionFacts, asked_at: datetime | None = None, **facts: Any) -> AccountFacts:
    """Return the account with subscriptions; Stripe was asked long after everything, unless told otherwise."""
    if subscriptions and asked_at is None:
        asked_at = day(10_000)
    return AccountFacts(MADE, SHANGHAI, asked_at, subscriptions=subscriptions, **facts)
