"""A company with books, ten items on hand, and as many customers and orders as a benchmark asks for."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from typing import Any

from django.db import connections

from modules.base.models import ContactPoint, Item, PartyRole, Unit
from modules.base.services import PartyRoleInput, add_contact_point, create_company, create_party
from modules.erp.orders.models import SalesOrder
from modules.erp.orders.services import SalesOrderLineInput, create_sales_order
from modules.scm.stock.services import ReceiptLineInput, open_stock
from tessera.bench.stage import Stage, inside, owner_of
from tessera.db.roles import as_owner
from tessera.unit_of_work import unit_of_work

CUSTOMERS, ORDERS_EACH, LINES_EACH = 100_000, 5, 4
DETAILED = 1_000  # customers whose orders have their lines
ON_HAND = Decimal(1_000_000)


class Shop:
    """The tenant that sells; everything in it was made through the product, or copied from what was."""

    def __init__(self, stage: Stage) -> None:
        stage.tell("making a company with every module on")
        self.stage = stage
        self.tenant = stage.tenant(["crm", "erp", "scm", "oa"])
        self.member = owner_of(self.tenant)
        with inside(self.tenant, self.member):
            self.company = create_company(code="HQ", name="HQ Ltd.", currency="USD", country="US")
            self.customer = create_party(
                name="Customer 0", roles=[PartyRoleInput(company=self.company, role=PartyRole.Role.CUSTOMER)]
            )
            add_contact_point(party=self.customer, kind=ContactPoint.Kind.EMAIL, value="customer-0@bench.example")
            self.items = self._items()
            costs = [ReceiptLineInput(item=item, quantity=ON_HAND, unit_cost=Decimal(7)) for item in self.items]
            open_stock(company=self.company, lines=costs)

    def _items(self) -> list[Item]:
        with unit_of_work():
            unit = Unit.objects.filter(code="pcs").first() or Unit(code="pcs", name="piece")
            unit.save()
            items = [Item(code=f"ITEM-{place}", name=f"Item {place}", unit=unit, list_price=Decimal(18)) for place in range(10)]
            for item in items:
                item.save()
        return items

    @staticmethod
    def name_of(place: int) -> str:
        """Return the name of a customer by its place in their list by name, from 0 on."""
        return f"Customer {place:06}" if place else "Customer 0"

    def order(self, lines: int = 10) -> SalesOrder:
        """Draft an order of so many lines."""
        wanted = [SalesOrderLineInput(item=item, quantity=Decimal(2)) for item in self.items[:lines]]
        return create_sales_order(company=self.company, party=self.customer, lines=wanted)

    @cached_property
    def crowd(self) -> dict[str, int]:
        """Copy the customer, its contact and an order of it until there are many; return how many there are of each."""
        self.stage.tell(f"copying {CUSTOMERS:,} customers with {CUSTOMERS * ORDERS_EACH:,} orders")
        with inside(self.tenant, self.member):
            order = self.order(LINES_EACH)
        keys = {"party": self.customer.pk, "order": order.pk}
        with inside(self.tenant), connections["default"].cursor() as cursor:
            cursor.execute("SET statement_timeout = 0")  # a copy takes longer than any request may
            for copy in COPIES:
                with keys_checked_at_once(cursor, copy.table):
                    cursor.execute(copy.statement(cursor), keys)
                self.stage.tell(f"copied {copy.table}")
            with as_owner():  # statistics are the owner's to take; without them both sides' plans are a guess
                cursor.execute("ANALYZE base_party, base_contactpoint, orders_salesorder, orders_salesorderline")
            cursor.execute("RESET statement_timeout")
        return {"customers": CUSTOMERS, "orders": CUSTOMERS * ORDERS_EACH, "lines": DETAILED * ORDERS_EACH * LINES_EACH}


@contextmanager
def keys_checked_at_once(cursor: Any, table: str) -> Iterator[None]:
    """Check the foreign keys of a table for all rows together at the end of the block, not at each row of a copy."""
    cursor.execute("SELECT conname FROM pg_constraint WHERE conrelid = %s::regclass AND contype = 'f'", [table])
    names = [name for (name,) in cursor.fetchall()]

    def say(enforced: str) -> None:
        with as_owner():
            for name in names:
                cursor.execute(f'ALTER TABLE {table} ALTER CONSTRAINT "{name}" {enforced}')

    say("NOT ENFORCED")
    yield
    say("ENFORCED")


@dataclass(frozen=True)
class Copy:
    """Rows made of those of a table that `where` finds, one for each row of `series`; all columns stay but those in `other`."""

    table: str
    where: str
    series: str
    other: dict[str, str]

    def statement(self, cursor: Any) -> str:
        """Return the statement that copies, with every column that the table has."""
        cursor.execute(
            "SELECT attname FROM pg_attribute"
            " WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped AND attgenerated = ''",
            [self.table],
        )
        columns = [name for (name,) in cursor.fetchall()]
        values = ", ".join(self.other.get(name, f't."{name}"') for name in columns)
        names = ", ".join(f'"{name}"' for name in columns)
        return f"INSERT INTO {self.table} ({names}) SELECT {values} FROM {self.table} t, {self.series} WHERE {self.where}"  # noqa: S608


# Keys follow from numbers, so that copies find each other.
EACH_CUSTOMER = f"generate_series(1, {CUSTOMERS}) c"
EACH_ORDER = f"{EACH_CUSTOMER}, generate_series(1, {ORDERS_EACH}) o"
DETAILED_ORDER = f"generate_series(1, {DETAILED}) c, generate_series(1, {ORDERS_EACH}) o"
ADDRESS = "'customer-' || c || '@bench.example'"
COPIES = (
    Copy(
        "base_party",
        "t.id = %(party)s",
        EACH_CUSTOMER,
        {"id": "md5('party ' || c)::uuid", "code": "'B' || c", "name": "'Customer ' || lpad(c::text, 6, '0')"},
    ),
    Copy(
        "base_contactpoint",
        "t.party_id = %(party)s",
        EACH_CUSTOMER,
        {
            "id": "md5('contact ' || c)::uuid",
            "party_id": "md5('party ' || c)::uuid",
            "value": ADDRESS,
            "normalised": ADDRESS,
        },
    ),
    Copy(
        "orders_salesorder",
        "t.id = %(order)s",
        EACH_ORDER,
        {
            "id": "md5('order ' || c || ' ' || o)::uuid",
            "party_id": "md5('party ' || c)::uuid",
            "number": "'B-' || c || '-' || o",
            "document_date": "t.document_date - o",
        },
    ),
    Copy(
        "orders_salesorderline",
        "t.document_id = %(order)s",
        DETAILED_ORDER,
        {
            "id": "md5('line ' || c || ' ' || o || ' ' || t.position)::uuid",
            "document_id": "md5('order ' || c || ' ' || o)::uuid",
        },
    ),
)
