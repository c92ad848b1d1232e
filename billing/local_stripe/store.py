"""The rows of the local Stripe, in memory, and in one file that is replaced as a whole."""

import json
import os
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from billing.local_stripe.errors import missing

Row = dict[str, Any]
PREFIXES = {
    "account": "acct",
    "account_link": "link",
    "balance_transaction": "txn",
    "billing.meter": "mtr",
    "billing.meter_event": "mevt",
    "billing_portal.configuration": "bpc",
    "billing_portal.session": "bps",
    "charge": "ch",
    "checkout.session": "cs_test",
    "coupon": "",
    "credit_note": "cn",
    "customer": "cus",
    "customer_balance_transaction": "cbtxn",
    "discount": "di",
    "dispute": "du",
    "entitlements.active_entitlement": "ent",
    "entitlements.feature": "feat",
    "event": "evt",
    "invoice": "in",
    "invoice_payment": "inpay",
    "invoiceitem": "ii",
    "item": "li",
    "line_item": "il",
    "payment_intent": "pi",
    "payment_method": "pm",
    "payout": "po",
    "price": "price",
    "product": "prod",
    "product_feature": "prodft",
    "promotion_code": "promo",
    "refund": "re",
    "subscription": "sub",
    "subscription_item": "si",
    "tax_id": "txi",
    "tax_rate": "txr",
    "test_helpers.test_clock": "clock",
    "transfer": "tr",
    "transfer_reversal": "trr",
    "webhook_endpoint": "we",
}
SHARED = {"price", "product", "tax_rate", "billing.meter"}  # no call of one customer changes these


def new_id(kind: str) -> str:
    """Return a fresh key, spelled as Stripe spells those of a kind."""
    prefix = PREFIXES[kind]
    return f"{prefix}_1{secrets.token_hex(11)}" if prefix else secrets.token_hex(4).upper()


# Of these kinds there are many rows, found by a field that never changes.
INDEXED = {"invoice": "customer", "invoice_payment": "invoice", "invoiceitem": "customer", "subscription": "customer"}


def copied(value: Any) -> Any:
    """Return a copy of a row, or of a part of one: mappings and lists, all the way down."""
    if isinstance(value, dict):
        return {key: copied(each) for key, each in value.items()}
    return [copied(each) for each in value] if isinstance(value, list) else value


class Store:
    """Rows by kind and key, in the order they were made; `path` None keeps them in memory only."""

    def __init__(self, path: Path | None = None) -> None:
        self.path = path
        self.kinds: dict[str, dict[str, Row]] = {}
        self.settings: Row = {}
        self._index: dict[tuple[str, str], dict[str, Row]] = {}
        if path and path.exists():
            saved = json.loads(path.read_text())
            self.settings = saved["settings"]
            self._take(saved["kinds"])

    def _take(self, kinds: dict[str, dict[str, Row]]) -> None:
        self.kinds = kinds
        for kind, field in INDEXED.items():
            for row in kinds.get(kind, {}).values():
                self._index.setdefault((kind, row[field]), {})[row["id"]] = row

    def add(self, row: Row) -> Row:
        """Keep a new row; without a key it is given one."""
        row = {"id": row.get("id") or new_id(row["object"]), **{key: value for key, value in row.items() if key != "id"}}
        self.kinds.setdefault(row["object"], {})[row["id"]] = row
        if field := INDEXED.get(row["object"]):
            self._index.setdefault((row["object"], row[field]), {})[row["id"]] = row
        return row

    def get(self, kind: str, key: str, param: str = "id") -> Row:
        """Return a row, or raise the error of a missing one that names `param`."""
        row = self.kinds.get(kind, {}).get(key)
        if row is None or row.get("deleted"):
            raise missing(kind, key, param)
        return row

    def find(self, key: str) -> Row | None:
        """Return the row of any kind that has this key."""
        return next((rows[key] for rows in self.kinds.values() if key in rows), None)

    def of(self, kind: str, **equal: Any) -> Iterator[Row]:
        """Yield the rows of a kind whose fields equal these, the oldest first."""
        field = INDEXED.get(kind)
        rows = self._index.get((kind, equal[field]), {}) if field in equal else self.kinds.get(kind, {})
        for row in list(rows.values()):
            if not row.get("deleted") and all(row.get(name) == value for name, value in equal.items()):
                yield row

    def remove(self, row: Row) -> None:
        """Forget a row."""
        del self.kinds[row["object"]][row["id"]]
        if field := INDEXED.get(row["object"]):
            del self._index[row["object"], row[field]][row["id"]]

    def fork(self, customer: str) -> "Store":
        """Return a copy in which everything of one customer may be changed and seen by nobody."""
        other = Store()
        other.settings = copied(self.settings)
        kinds: dict[str, dict[str, Row]] = {}
        for kind, rows in self.kinds.items():
            if kind in SHARED:
                kinds[kind] = dict(rows)
            elif kind != "event":
                mine = (row for row in rows.values() if _is_of(row, customer))
                kinds[kind] = {row["id"]: copied(row) for row in mine}
        other._take(kinds)
        return other

    def save(self) -> None:
        """Write everything to the file, which is old or new at any moment and never half."""
        if self.path is None:
            return
        fresh = self.path.with_name(f"{self.path.name}.new")
        with fresh.open("w") as file:
            json.dump({"kinds": self.kinds, "settings": self.settings}, file)
            file.flush()
            os.fsync(file.fileno())
        os.replace(fresh, self.path)


def _is_of(row: Row, customer: str) -> bool:
    if row["object"] in ("test_helpers.test_clock", "entitlements.feature", "product_feature", "coupon", "promotion_code"):
        return True
    return customer in (row["id"], row.get("customer"), row.get("_customer"))
