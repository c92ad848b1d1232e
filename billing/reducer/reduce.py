"""Facts in, entitlements out."""

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta

from billing.reducer.facts import AccountFacts, Catalogue, Gives, Quota, SubscriptionFacts
from billing.reducer.outcome import Access, Cause, Entitlements, Notice, Reason
from billing.reducer.standing import TRIAL, Standing, of_subscription, of_trial

BEST = tuple(Access)
PRESSING = tuple(Notice)
Piece = tuple[Standing, str, Gives, int]  # of what a source brings: the product, what one of it gives, how many


def reduce(account: AccountFacts, catalogue: Catalogue, now: datetime) -> Entitlements:
    """Return what the account may use.

    The source that allows most decides, the trial or any subscription; sources that allow as much add up. Where there is a
    customer, time counts only as far as Stripe has been asked: without its word nobody is locked out.
    """
    moment = account.known_until(now)
    known = {each.id: each for each in account.subscriptions}
    standings = [of_subscription(each, account.zone, moment) for each in sorted(known.values(), key=_age)]
    has_bought = any(each.has_started for each in known.values())
    trial_end = _trial_end(account, catalogue, has_bought)
    if trial_end is not None and (moment < trial_end or not has_bought):
        standings.insert(0, of_trial(trial_end, moment))
    access = min((each.access for each in standings if each.access), key=BEST.index)
    given: list[Piece] = []
    withheld: list[Piece] = []
    for standing in standings:
        (given if standing.access is access else withheld).extend(_pieces(standing, known, catalogue))
    verdicts = _Verdicts(catalogue)
    for standing, product, gives, _ in given:
        verdicts.give(gives.modules, standing.cause, standing.source, product)
    for grant in sorted(set(account.grants), key=lambda each: (each.module, each.reason, str(each.until))):
        if grant.until is None or now < grant.until:
            verdicts.give([grant.module], Cause.GRANTED, grant.reason)
        else:
            verdicts.withhold([grant.module], Cause.GRANT_OVER, grant.reason)
    for standing, product, gives, _ in withheld:
        verdicts.withhold(gives.modules, standing.cause, standing.source, product)
    verdicts.settle()
    changes = [date for standing in standings for date in standing.changes if date > moment]
    changes += [grant.until for grant in account.grants if grant.until is not None and grant.until > now]
    return Entitlements(
        access=access,
        modules=frozenset(verdicts.given),
        bought=frozenset(label for standing, _, gives, _ in given if standing.source != TRIAL for label in gives.modules),
        seats=_total((gives.seats, quantity) for _, _, gives, quantity in given),
        quotas=_quotas((gives, quantity) for _, _, gives, quantity in given),
        notice=_notice(account, standings, access),
        recheck_at=min(changes, default=None),
        trace=(*_of_account(standings, access, known, catalogue), *verdicts.reasons()),
    )


def _trial_end(account: AccountFacts, catalogue: Catalogue, has_bought: bool) -> datetime | None:
    """Return when the trial ends; for whoever has bought something there is one only if an operator extended it."""
    if has_bought:
        return account.trial_until
    end = account.created + timedelta(catalogue.trial_days)
    return max(end, account.trial_until) if account.trial_until else end


def _age(subscription: SubscriptionFacts) -> tuple[datetime, str]:
    return subscription.created, subscription.id


def _pieces(standing: Standing, known: dict[str, SubscriptionFacts], catalogue: Catalogue) -> Iterator[Piece]:
    """Yield what a source brings."""
    if standing.source == TRIAL:
        yield standing, "", catalogue.trial, 1
        return
    for item in sorted(set(known[standing.source].items), key=lambda each: each.id):
        if item.product in catalogue.products:
            yield standing, item.product, catalogue.products[item.product], item.quantity


def _of_account(
    standings: list[Standing], access: Access, known: dict[str, SubscriptionFacts], catalogue: Catalogue
) -> Iterator[Reason]:
    for standing in standings:
        yield Reason("", standing.access is access, standing.cause, standing.source)
        if standing.source != TRIAL:
            products = {item.product for item in known[standing.source].items}
            for product in sorted(products - catalogue.products.keys()):
                yield Reason("", False, Cause.UNKNOWN_PRODUCT, standing.source, product)


def _notice(account: AccountFacts, standings: list[Standing], access: Access) -> Notice | None:
    """Return the most pressing notice; what is over is no news to whom something better goes on."""
    over = (Notice.ENDED, Notice.TRIAL_OVER)
    notices = {each.notice for each in standings if each.notice and (each.access is access or each.notice not in over)}
    if any(dispute.is_open for dispute in account.disputes):
        notices.add(Notice.DISPUTED)
    return min(notices, key=PRESSING.index, default=None)


def _total(amounts: Iterable[tuple[int | None, int]]) -> int | None:
    """Add up so many of each; without a limit in one there is none in all."""
    total = 0
    for amount, quantity in amounts:
        if amount is None:
            return None
        total += amount * quantity
    return total


def _quotas(given: Iterable[tuple[Gives, int]]) -> dict[str, Quota]:
    found: dict[str, list[tuple[Quota, int]]] = {}
    for gives, quantity in given:
        for name, quota in gives.quotas.items():
            found.setdefault(name, []).append((quota, quantity))
    return {
        name: Quota(_total((quota.limit, quantity) for quota, quantity in found[name]), any(q.is_soft for q, _ in found[name]))
        for name in sorted(found)
    }


class _Verdicts:
    """The verdicts on the installed modules: given directly, needed by what is given, free, or withheld."""

    def __init__(self, catalogue: Catalogue) -> None:
        self.depends = catalogue.depends
        self.given: dict[str, list[Reason]] = {}
        self.withheld: dict[str, list[Reason]] = {}
        self.free = self.depends.keys() - self._closed({m for each in catalogue.products.values() for m in each.modules})
        self.give(catalogue.always_on, Cause.ALWAYS_ON, "")

    def _closed(self, labels: set[str]) -> set[str]:
        closed = set(labels & self.depends.keys())
        for label in reversed(self.depends):
            if label in closed:
                closed.update(self.depends[label])
        return closed

    def give(self, labels: Iterable[str], cause: Cause, source: str, product: str = "") -> None:
        """Give modules directly; a name that is not installed gives nothing."""
        for label in self.depends.keys() & set(labels):
            self.given.setdefault(label, []).append(Reason(label, True, cause, source, product))

    def withhold(self, labels: Iterable[str], cause: Cause, source: str, product: str = "") -> None:
        """Note why modules, with all they depend on, are not given by a source."""
        for label in self._closed(set(labels)):
            self.withheld.setdefault(label, []).append(Reason(label, False, cause, source, product))

    def settle(self) -> None:
        """Give what the given depends on, then what nobody sells where all it depends on is given; withhold the rest."""
        for label in reversed(self.depends):
            if label in self.given:
                for needed in self.depends[label]:
                    self.given.setdefault(needed, []).append(Reason(needed, True, Cause.NEEDED, label))
        for label, depends in self.depends.items():
            if label in self.given:
                continue
            missing = [needed for needed in depends if needed not in self.given]
            if label in self.free and not missing:
                self.given[label] = [Reason(label, True, Cause.FREE)]
            elif label in self.free:
                self.withheld.setdefault(label, []).extend(Reason(label, False, Cause.NEEDS, needed) for needed in missing)
            else:
                self.withheld.setdefault(label, [Reason(label, False, Cause.NOT_BOUGHT)])

    def reasons(self) -> Iterator[Reason]:
        """Yield the reasons of the verdict on each module."""
        for label in self.depends:
            yield from self.given.get(label) or self.withheld[label]
