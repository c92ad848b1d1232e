"""The rows of the local Stripe, in memory, and in one file that is replaced as a whole."""

import copy
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


class Store:
    """Rows by kind and key, in the order they were made; `path` None keeps them in memory only."""

    def __init__(self, path: Path | None = None) -> None:
        self.path = path
        self.kinds: dict[str, dict[str, Row]] = {}
        self.settings: Row = {}
        if path and path.exists():
            saved = json.loads(path.read_text())
            self.kinds, self.settings = saved["kinds"], saved["settings"]

    def add(self, row: Row) -> Row:
        """Keep a new row; without a key it is given one."""
        row = {"id": row.get("id") or new_id(row["object"]), **{key: value for key, value in row.items() if key != "id"}}
        self.kinds.setdefault(row["object"], {})[row["id"]] = row
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
        for row in list(self.kinds.get(kind, {}).values()):
            if not row.get("deleted") and all(row.get(name) == value for name, value in equal.items()):
                yield row

    def remove(self, row: Row) -> None:
        """Forget a row."""
        del self.kinds[row["object"]][row["id"]]

    def fork(self, customer: str) -> "Store":
        """Return a copy in which everything of one customer may be changed and seen by nobody."""
        other = Store()
        other.settings = copy.deepcopy(self.settings)
        for kind, rows in self.kinds.items():
            if kind in SHARED:
                other.kinds[kind] = dict(rows)
            elif kind != "event":
                mine = (row for row in rows.values() if _is_of(row, customer))
                other.kinds[kind] = {row["id"]: copy.deepcopy(row) for row in mine}
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
