"""Which account a purpose means, and why."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from uuid import UUID

from django.db.models import Q
from django.utils.translation import gettext as _
from tessera.api import Refused, listed

from modules.base.api import ItemCategory
from modules.erp.finance.models import Account, AccountMap, Book

# Where a chart gives a purpose no account of its own, that of another purpose is meant.
FALLBACK = {
    "revenue_service": "revenue",
    "revenue_charge": "revenue",
    "sales_discount": "revenue",
    "expense_service": "expense",
    "expense_charge": "expense",
    "price_variance": "cogs",
    "advance_invoiced": "advance_received",
    "cash": "bank",
}


@dataclass(frozen=True, kw_only=True)
class AccountChoice:
    """An account, and the row of the map that chose it."""

    account: Account
    row: AccountMap
    why: str


class AccountFinder:
    """What the account map of one book says for the purposes and items that are asked about.

    A purpose and an item are read once; `load` reads many of them in one statement. A map may hold
    a row per item of a large range, so that the rows of an item are only read with that item.
    """

    def __init__(self, book: Book) -> None:
        self.book = book
        self._general: dict[str, list[AccountMap]] = {}
        self._of_item: dict[UUID, list[AccountMap]] = {}
        self._parents: dict[UUID, UUID | None] | None = None

    def load(self, purposes: Iterable[str], items: Iterable[UUID | None] = ()) -> None:
        """Read what the map says for these purposes, what they fall back to, and these items."""
        wanted = {name for purpose in purposes for name in _meant_by(purpose)} - self._general.keys()
        goods = {item for item in items if item} - self._of_item.keys()
        if not wanted and not goods:
            return
        self._general |= {purpose: [] for purpose in wanted}
        self._of_item |= {item: [] for item in goods}
        asked = Q(purpose__in=wanted, item=None) | Q(item__in=goods)
        for row in AccountMap.objects.filter(asked, book=self.book).select_related("account"):
            (self._of_item[row.item_id] if row.item_id else self._general[row.purpose]).append(row)

    def choose(
        self,
        purpose: str,
        *,
        item: UUID | None = None,
        item_category: UUID | None = None,
        warehouse: UUID | None = None,
        party_group: str = "",
        tax: UUID | None = None,
    ) -> AccountMap:
        """Return the row that wins; refuse with NO_ACCOUNT where none matches."""
        if purpose not in self._general or (item and item not in self._of_item):
            self.load([purpose], [item])
        own = self._of_item.get(item, ()) if item else ()
        for asked in _meant_by(purpose):
            best, best_score = None, -1
            for row in (*(row for row in own if row.purpose == asked), *self._general[asked]):
                score = self._score(row, item, item_category, warehouse, party_group, tax)
                if score > best_score:
                    best, best_score = row, score
            if best is not None:
                return best
        raise Refused("NO_ACCOUNT", _("No account is set for {purpose}.").format(purpose=purpose), "account_map")

    def account(self, purpose: str, **keys: object) -> Account:
        """Return the account that wins."""
        return self.choose(purpose, **keys).account  # type: ignore[arg-type]

    def minds_party_group(self, purpose: str) -> bool:
        """Say whether the account of a purpose depends on the group of the party."""
        self.load([purpose])
        return any(row.party_group for asked in _meant_by(purpose) for row in self._general[asked])

    def _score(
        self, row: AccountMap, item: UUID | None, category: UUID | None, warehouse: UUID | None, group: str, tax: UUID | None
    ) -> int:
        """Return how specific a matching row is, -1 where it does not match; a nearer category weighs more."""
        score = 0
        for wanted, given, weight in (
            (row.item_id, item, 512),
            (row.warehouse, warehouse, 4),
            (row.party_group or None, group or None, 2),
            (row.tax_id, tax, 1),
        ):
            if wanted is not None:
                if wanted != given:
                    return -1
                score += weight
        if row.item_category_id is not None:
            distance = self._distance(category, row.item_category_id)
            if distance is None:
                return -1
            score += 8 * max(32 - distance, 1)
        return score

    def _distance(self, category: UUID | None, above: UUID) -> int | None:
        if self._parents is None:
            self._parents = dict(ItemCategory.objects.values_list("id", "parent_id"))
        steps, seen = 0, set()
        while category is not None and category not in seen:
            if category == above:
                return steps
            seen.add(category)
            category, steps = self._parents.get(category), steps + 1
        return None


def _meant_by(purpose: str) -> Iterator[str]:
    """Yield a purpose and those that it falls back to."""
    asked: str | None = purpose
    while asked:
        yield asked
        asked = FALLBACK.get(asked)


def _keys(row: AccountMap) -> list[str]:
    keys = {
        "item": row.item_id,
        "item category": row.item_category_id,
        "warehouse": row.warehouse,
        "party group": row.party_group,
        "tax": row.tax_id,
    }
    return [name for name, value in keys.items() if value]


def explain_account(
    *,
    book: Book,
    purpose: str,
    item: UUID | None = None,
    item_category: UUID | None = None,
    warehouse: UUID | None = None,
    party_group: str = "",
    tax: UUID | None = None,
) -> AccountChoice:
    """Say which account a purpose means for these keys, and which row of the map says so."""
    row = AccountFinder(book).choose(
        purpose, item=item, item_category=item_category, warehouse=warehouse, party_group=party_group, tax=tax
    )
    keys = _keys(row)
    why = _("the row for {keys}").format(keys=listed(keys)) if keys else _("the row that holds for everything")
    return AccountChoice(account=row.account, row=row, why=f"{row.purpose}: {why}")
