"""Random lives of customers at Stripe, and what each should be able to use in the end, worked out from Stripe's own rows."""

import random
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import stripe

from billing.catalogue.selectors import catalogue
from billing.local_stripe.disputes import open_dispute
from billing.models import Customer
from tenants.models import Installation, Tenant
from tests.billing.core.shop import FAILS, Shop

PLANS = ("starter.month.usd", "business.month.usd", "enterprise.month.usd")
PARTS = ("module.stock.month.usd", "module.finance.month.usd", "bundle.crm.month.usd", "seat.starter.month.usd")
ACTIONS = (
    "tries", "pays", "pays", "fails", "heals", "changes", "adds", "pauses", "resumes", "cancels", "leaves", "stays",
    "is_refunded", "disputes", "races",
)  # fmt: skip
OVER = ("canceled", "incomplete_expired")
LEVELS = ("full", "read_only", "suspended", "archived")


def found_company(number: int, chance: random.Random, made: datetime) -> Tenant:
    """Return a company that was made a while ago, without tables of its own: nobody works in it here."""
    zone = chance.choice(["UTC", "Asia/Shanghai", "America/Los_Angeles"])
    tenant = Tenant(name=f"W{number}", slug=f"w{number}", schema_name=f"t_w{number}", state="active", time_zone=zone)
    tenant.save(verbosity=0)
    Tenant.objects.filter(pk=tenant.pk).update(created_at=made)
    Installation.objects.create(tenant=tenant, module="base", state="on")
    tenant.refresh_from_db()
    return tenant


class Walker:
    """One customer who does something at random, whenever told to; what Stripe refuses is not done."""

    def __init__(self, shop: Shop, tenant: Tenant, chance: random.Random, prices: dict[str, str]) -> None:
        self.shop, self.tenant, self.chance, self.prices = shop, tenant, chance, prices
        self.customer: Customer = shop.customer(tenant)
        self.done = self.refused = self.intents = 0

    def step(self) -> None:
        try:
            getattr(self, self.chance.choice(ACTIONS))()
            self.done += 1
        except (stripe.InvalidRequestError, stripe.CardError):
            self.refused += 1

    def _subscribe(self, **params: Any) -> None:
        self.intents += 1
        keys = [self.chance.choice(PLANS), *self.chance.sample(PARTS, self.chance.randrange(2))]
        asked = {"customer": self.customer.stripe_id, "items": [{"price": self.prices[key]} for key in keys], **params}
        self.shop.v1.subscriptions.create({"metadata": {"checkout": f"{self.tenant.slug}-{self.intents}"}, **asked})

    def _mine(self, *statuses: str) -> stripe.Subscription:
        """Return a subscription that is not over, and in one of these states if any is named."""
        found = self.shop.v1.subscriptions.list({"customer": self.customer.stripe_id, "limit": 100}).data
        found = [each for each in found if not statuses or each.status in statuses]
        if not found:
            raise stripe.InvalidRequestError("there is none", "id")
        return self.chance.choice(found)

    def _change(self, **params: Any) -> None:
        self.shop.v1.subscriptions.update(self._mine().id, params)

    def _charge(self) -> stripe.Charge:
        found = [each for each in self.shop.v1.charges.list({"customer": self.customer.stripe_id}).data if each.paid]
        if not found:
            raise stripe.InvalidRequestError("there is none", "id")
        return self.chance.choice(found)

    def tries(self) -> None:
        self._subscribe(trial_period_days=14)

    def pays(self) -> None:
        self._subscribe()

    def races(self) -> None:
        """Complete one checkout twice: two tabs, or an answer that got lost."""
        self._subscribe()
        self.intents -= 1
        self._subscribe()

    def fails(self) -> None:
        self.shop.pays_with(self.customer, FAILS)

    def heals(self) -> None:
        self.shop.pays_with(self.customer, "pm_card_visa")
        for invoice in self.shop.v1.invoices.list({"customer": self.customer.stripe_id, "status": "open"}).data:
            self.shop.v1.invoices.pay(invoice.id)

    def changes(self) -> None:
        found = self._mine()
        item = self.chance.choice(found["items"].data)
        self.shop.v1.subscriptions.update(
            found.id, {"items": [{"id": item.id, "price": self.prices[self.chance.choice(PLANS + PARTS)]}]}
        )

    def adds(self) -> None:
        self._change(items=[{"price": self.prices["seat.business.month.usd"], "quantity": self.chance.randrange(1, 5)}])

    def pauses(self) -> None:
        self._change(pause_collection={"behavior": self.chance.choice(["void", "keep_as_draft", "mark_uncollectible"])})

    def resumes(self) -> None:
        self._change(pause_collection="")

    def cancels(self) -> None:
        self._change(cancel_at_period_end=True)

    def stays(self) -> None:
        self._change(cancel_at_period_end=False)

    def leaves(self) -> None:
        self.shop.v1.subscriptions.cancel(self._mine().id)

    def is_refunded(self) -> None:
        self.shop.v1.refunds.create({"charge": self._charge().id})

    def disputes(self) -> None:
        charge = self._charge()
        if not charge.disputed:
            local = self.shop.stripe.local
            with local.lock:
                open_dispute(local, local.store.get("charge", charge.id), "fraudulent")


def model(walker: Walker, now: datetime) -> tuple[str, frozenset[str], int]:
    """Return what a customer may use by Stripe's rows: access, modules and seats; written without a look at the reducer."""
    store = walker.shop.stripe.local.store
    zone = ZoneInfo(walker.tenant.time_zone)
    held: list[tuple[int, frozenset[str], int]] = []
    for row in store.of("subscription", customer=walker.customer.stripe_id):
        items = [store.kinds["subscription_item"][each] for each in row["_items"]]
        level = _level(row, items, list(store.of("invoice", _subscription=row["id"])), now, zone)
        if level is None:
            continue
        gives = [
            (catalogue().what_gives(store.kinds["price"][item["price"]]["metadata"]["tessera"]), item["quantity"])
            for item in items
        ]
        modules = frozenset(label for grant, _ in gives for label in grant.modules)
        held.append((level, modules, sum(grant.seats * quantity for grant, quantity in gives)))
    if not held:
        trial = catalogue().trial
        held = [(_over(walker.tenant.created_at + timedelta(days=catalogue().trial_days), now), trial.modules, trial.seats)]
    best = min(level for level, _, _ in held)
    modules = {"base"} | catalogue().free | {label for level, labels, _ in held if level == best for label in labels}
    return LEVELS[best], frozenset(modules), sum(seats for level, _, seats in held if level == best)


def _level(
    row: dict[str, Any], items: list[dict[str, Any]], invoices: list[dict[str, Any]], now: datetime, zone: ZoneInfo
) -> int | None:
    status = row["status"]
    late = [
        each["status_transitions"]["finalized_at"]
        for each in invoices
        if each["status"] in ("open", "uncollectible") and each["attempted"]
    ]
    if status in ("incomplete", "incomplete_expired"):
        return None
    if status in ("trialing", "active"):
        return 1 if row["pause_collection"] else 0
    if status == "paused":
        return 1
    if status != "canceled" and not late:  # old debts are paid, but the period that runs is a draft
        late = [min(each["current_period_start"] for each in items)]
    days = (now.astimezone(zone).date() - datetime.fromtimestamp(min(late), zone).date()).days if late else 0
    owing = 2 if days >= 21 else 1 if days >= 7 else 0
    if status == "canceled":
        return max(owing, _over(datetime.fromtimestamp(row["ended_at"], UTC), now))
    return max(owing, 1) if row["pause_collection"] else owing


def _over(end: datetime, now: datetime) -> int:
    days = (now - end) / timedelta(days=1)
    return 1 if days < 14 else 2 if days < 44 else 3
