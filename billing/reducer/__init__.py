"""From what Stripe says to what a company may use: a pure function that imports nothing of the product.

`reduce(account, catalogue, now)` depends on its arguments alone: neither the order of the facts nor how often one
is told matters, and every verdict carries its reason.
"""

from billing.reducer.facts import (
    AccountFacts,
    Catalogue,
    DisputeFacts,
    Gives,
    GrantFacts,
    ItemFacts,
    Quota,
    SubscriptionFacts,
    UnreadableFacts,
)
from billing.reducer.outcome import Access, Cause, Entitlements, Notice, Reason
from billing.reducer.reduce import reduce

__all__ = [
    "Access",
    "AccountFacts",
    "Catalogue",
    "Cause",
    "DisputeFacts",
    "Entitlements",
    "Gives",
    "GrantFacts",
    "ItemFacts",
    "Notice",
    "Quota",
    "Reason",
    "SubscriptionFacts",
    "UnreadableFacts",
    "reduce",
]
