"""Which account a purpose means, and why."""

from dataclasses import dataclass
from uuid import UUID

from django.utils.translation import gettext as _
from tessera.api import Refused

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
    """The account map of one book, loaded once for any number of lines."""

    def __init__(self, book: Book) -> None:
        self.book = book
        self._rows: dict[str, list[AccountMap]] = {}
        for row in AccountMap.objects.filter(book=book).select_related("account"):
            self._rows.setdefault(row.purpose, []).append(row)
        self._parents: dict[UUID, UUID | None] | None = None

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
        asked: str | None = purpose
        while asked:
            rows = self._rows.get(asked, ())
            if len(rows) == 1 and not _keys(rows[0]):
                return rows[0]
            best, best_score = None, -1
            for row in rows:
                score = self._score(row, item, item_category, warehouse, party_group, tax)
                if score > best_score:
                    best, best_score = row, score
            if best is not None:
                return best
            asked = FALLBACK.get(asked)
        raise Refused("NO_ACCOUNT", _("No account is set for {purpose}.").format(purpose=purpose), "account_map")

    def account(self, purpose: str, **keys: object) -> Account:
        """Return the account that wins."""
        return self.choose(purpose, **keys).account  # type: ignore[arg-type]

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
    why = _("the row for {keys}").format(keys=", ".join(keys)) if keys else _("the row that holds for everything")
    return AccountChoice(account=row.account, row=row, why=f"{row.purpose}: {why}")
