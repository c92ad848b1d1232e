"""From the lines that a subscription has to those that are wanted: which stay, change, come and go."""

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _
from tessera.errors import Refused

from billing.catalogue.offers import Interval, Kind
from billing.catalogue.selectors import catalogue
from billing.gateway.pricing import SeenPrice
from billing.gateway.shapes import SeenItem, SeenSubscription
from billing.services.wanted import ADDITIONS, Line, Wanted


class NothingChanges(Exception):
    """Raised where a subscription has just what is wanted."""


def wanted_of(seen: SeenSubscription) -> Wanted:
    """Return what a subscription is for. Refused with STATE where it is not one that this catalogue could have sold."""
    found = catalogue()
    kinds = {item.product: found.by_key[item.product].kind for item in seen.items if item.product in found.by_key}
    plans = [product for product, kind in kinds.items() if kind is Kind.PLAN]
    intervals = {item.interval for item in seen.items}
    is_ours = intervals <= set(Interval) and all(item.interval_count == 1 for item in seen.items)
    if len(kinds) < len(seen.items) or len(plans) != 1 or not is_ours:
        raise Refused("STATE", _("This subscription was made by agreement: write to us to change it."))
    seats = sum(item.quantity for item in seen.items if kinds[item.product] is Kind.SEAT)
    additions = tuple(product for product, kind in kinds.items() if kind in ADDITIONS)
    included = found.by_key[plans[0]].gives.seats
    return Wanted(plans[0], Interval(intervals.pop()), seen.currency, included + seats, additions)


def without_covered(wanted: Wanted) -> Wanted:
    """Return what is wanted without the additions that the plan holds."""
    found = catalogue()
    plan = found.by_key.get(wanted.plan)
    if plan is None:
        return wanted
    kept = (key for key in wanted.additions if not found.by_key[key].gives.modules <= plan.gives.modules)
    return replace(wanted, additions=tuple(kept))


def bought_anew(seen: SeenSubscription, wanted: Wanted, lines: tuple[Line, ...]) -> tuple[Line, ...]:
    """Return the lines that need a price in force: those that stay keep the one that they were bought for."""
    kept = {item.product for item in seen.items if item.interval == wanted.interval}
    return tuple(line for line in lines if line.product not in kept)


def items_for(
    seen: SeenSubscription, wanted: Wanted, lines: tuple[Line, ...], prices: Mapping[str, SeenPrice]
) -> list[dict[str, Any]]:
    """Return the changes of lines as Stripe takes them; `prices` are those of `bought_anew`. Raises NothingChanges.

    A new plan and its seats take the place of the old.
    """
    rest = {item.product: item for item in seen.items}
    changes: list[dict[str, Any]] = []
    taken = [(line, rest.pop(line.product, None)) for line in lines]
    for line, same in taken:
        old = same or _predecessor(line, rest)
        stays = same is not None and same.interval == wanted.interval
        change: dict[str, Any] = {} if stays else {"price": prices[line.lookup_key].id}
        if line.quantity is not None and (old is None or old.quantity != line.quantity):
            change["quantity"] = line.quantity
        if change:
            changes.append(({"id": old.id} if old else {}) | change)
    changes += [{"id": item.id, "deleted": True} for item in rest.values()]
    if not changes:
        raise NothingChanges
    return changes


def _predecessor(line: Line, rest: dict[str, SeenItem]) -> SeenItem | None:
    """Take the line whose place a plan, or its seats, take from what is left over."""
    kind = line.product.partition(".")[0]
    if kind not in (Kind.PLAN, Kind.SEAT):
        return None
    old = next((product for product in rest if product.startswith(f"{kind}.")), None)
    return rest.pop(old) if old else None


def costs_of(seen: SeenSubscription, items: list[dict[str, Any]], prices: Mapping[str, SeenPrice]) -> list[tuple[str, Decimal]]:
    """Return what each line costs a period after a change, without tax, discount and usage, with its product."""
    by_id = {price.id: price for price in prices.values()}
    of = {
        item.id: (item.product, item.amount or Decimal(0), 0 if _is_metered(item.product) else item.quantity)
        for item in seen.items
    }
    for place, change in enumerate(items):
        if change.get("deleted"):
            del of[change["id"]]
            continue
        product, amount, quantity = of.get(change.get("id", ""), ("", Decimal(0), 0))
        if "price" in change:
            price = by_id[change["price"]]
            product, amount = catalogue().price_of(price.lookup_key).product, price.amount or Decimal(0)
        of[change.get("id", f"new {place}")] = (product, amount, change.get("quantity", quantity))
    return [(product, amount * quantity) for product, amount, quantity in of.values()]


def _is_metered(product: str) -> bool:
    return product.startswith(f"{Kind.METER}.")
