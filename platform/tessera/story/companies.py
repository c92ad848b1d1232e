"""The company that the story is about: the one we ship, or Northwind's public books.

Both give the same shapes, so the story imports either through the same importers.
"""

import csv
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
OPENING_COST_SHARE = Decimal("0.60")  # the books have no costs: opening stock is taken at 60 % of list price


@dataclass
class Company:
    """A company's masters and books, as rows for the importers."""

    name: str
    slug: str
    currency: str
    categories: list[dict[str, Any]]
    suppliers: list[dict[str, Any]]
    customers: list[dict[str, Any]]
    items: list[dict[str, Any]]
    opening: list[dict[str, Any]]
    orders: list[dict[str, Any]] = field(default_factory=list)


def _rows(file: Path) -> list[dict[str, str]]:
    with file.open(newline="", encoding="utf-8") as text:
        return [{key: "" if value == "NULL" else value for key, value in row.items()} for row in csv.DictReader(text)]


def _opening(code: str, quantity: str, price: str) -> dict[str, Any]:
    cost = (Decimal(price) * OPENING_COST_SHARE).quantize(Decimal("0.0000000001"))
    return {"item": code, "quantity": quantity, "unit_cost": str(cost)}


def sample() -> Company:
    """Return the sample company that the product ships: a tea and coffee wholesaler."""
    folder = HERE / "company"
    items = _rows(folder / "items.csv")
    opening = [_opening(row["code"], row.pop("stock"), row["list_price"]) for row in items]
    return Company(
        name="Harbour Tea & Coffee Trading",
        slug="harbour",
        currency="USD",
        categories=_rows(folder / "categories.csv"),
        suppliers=[row | {"company": "HQ", "role": "supplier"} for row in _rows(folder / "suppliers.csv")],
        customers=[row | {"company": "HQ", "role": "customer"} for row in _rows(folder / "customers.csv")],
        items=items,
        opening=opening,
    )


def northwind(folder: Path) -> Company:
    """Return Northwind Traders from its CSV files: 91 customers, 29 suppliers, 77 products, 830 orders."""
    lines: dict[str, list[dict[str, str]]] = {}
    for row in _rows(folder / "order-details.csv"):
        line = {
            "item": row["productID"],
            "quantity": row["quantity"],
            "unit_price": row["unitPrice"],
            "discount": row["discount"],
        }
        lines.setdefault(row["orderID"], []).append(line)
    products = _rows(folder / "products.csv")
    return Company(
        name="Northwind Traders",
        slug="northwind",
        currency="USD",
        categories=[
            {"code": row["categoryID"], "name": row["categoryName"], "note": row["description"]}
            for row in _rows(folder / "categories.csv")
        ],
        suppliers=[_northwind_party(row, f"S{row['supplierID']}", "supplier") for row in _rows(folder / "suppliers.csv")],
        customers=[_northwind_party(row, row["customerID"], "customer") for row in _rows(folder / "customers.csv")],
        items=[
            {
                "code": row["productID"],
                "name": row["productName"],
                "unit": "pcs",
                "category": row["categoryID"],
                "supplier": f"S{row['supplierID']}",
                "list_price": row["unitPrice"],
                "currency": "USD",
                "description": row["quantityPerUnit"],
                "active": str(row["discontinued"] == "0").lower(),
            }
            for row in products
        ],
        opening=[
            _opening(row["productID"], row["unitsInStock"], row["unitPrice"]) for row in products if int(row["unitsInStock"])
        ],
        orders=[_northwind_order(row, lines[row["orderID"]]) for row in _rows(folder / "orders.csv")],
    )


def _northwind_party(row: dict[str, str], code: str, role: str) -> dict[str, str]:
    return {
        "company": "HQ",
        "role": role,
        "code": code,
        "name": row["companyName"],
        "contact_name": row["contactName"],
        "contact_title": row["contactTitle"],
        "street": row["address"],
        "city": row["city"],
        "region": row["region"],
        "postal_code": row["postalCode"],
        "country": row["country"],
        "phone": row["phone"],
        "fax": row["fax"],
        "web": row.get("homePage", ""),
    }


def _northwind_order(row: dict[str, str], lines: list[dict[str, str]]) -> dict[str, Any]:
    """Return one order; what was shipped is closed history, the rest is open. Lines are in product order."""
    shipped = row["shippedDate"][:10]
    return {
        "company": "HQ",
        "external_id": row["orderID"],
        "party": row["customerID"],
        "document_date": row["orderDate"][:10],
        "requested_date": row["requiredDate"][:10],
        "delivered_on": shipped,
        "currency": "USD",
        "freight": row["freight"],
        "lines": sorted(lines, key=lambda line: int(line["item"])),
    }
