"""A company with books, ten items on hand, and as many customers and orders as a benchmark asks for."""

from decimal import Decimal
from functools import cached_property

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
        sizes = {
            "customers": CUSTOMERS,
            "orders": ORDERS_EACH,
            "detailed": DETAILED,
            "party": self.customer.pk,
            "order": order.pk,
        }
        with inside(self.tenant), connections["default"].cursor() as cursor:
            for statement in COPIES:
                cursor.execute(statement, sizes)
            with as_owner():  # statistics are the owner's to take; without them both sides' plans are a guess
                cursor.execute("ANALYZE base_party, base_contactpoint, orders_salesorder, orders_salesorderline")
        return {"customers": CUSTOMERS, "orders": CUSTOMERS * ORDERS_EACH, "lines": DETAILED * ORDERS_EACH * LINES_EACH}


# A row is copied with all its columns, whatever they are; keys follow from numbers, so that copies find each other.
COPIES = (
    """
    INSERT INTO base_party SELECT n.* FROM base_party t, generate_series(1, %(customers)s) c,
        jsonb_populate_record(NULL::base_party, to_jsonb(t) || jsonb_build_object(
            'id', md5('party ' || c)::uuid, 'code', 'B' || c, 'name', 'Customer ' || lpad(c::text, 6, '0'))) n
    WHERE t.id = %(party)s
    """,
    """
    INSERT INTO base_contactpoint SELECT n.* FROM base_contactpoint t, generate_series(1, %(customers)s) c,
        jsonb_populate_record(NULL::base_contactpoint, to_jsonb(t) || jsonb_build_object(
            'id', md5('contact ' || c)::uuid, 'party_id', md5('party ' || c)::uuid,
            'value', format('customer-%%s@bench.example', c), 'normalised', format('customer-%%s@bench.example', c))) n
    WHERE t.party_id = %(party)s
    """,
    """
    INSERT INTO orders_salesorder SELECT n.* FROM orders_salesorder t, generate_series(1, %(customers)s) c,
        generate_series(1, %(orders)s) o,
        jsonb_populate_record(NULL::orders_salesorder, to_jsonb(t) || jsonb_build_object(
            'id', md5(format('order %%s %%s', c, o))::uuid, 'party_id', md5('party ' || c)::uuid,
            'number', format('B-%%s-%%s', c, o), 'document_date', t.document_date - o)) n
    WHERE t.id = %(order)s
    """,
    """
    INSERT INTO orders_salesorderline SELECT n.* FROM orders_salesorderline t, generate_series(1, %(detailed)s) c,
        generate_series(1, %(orders)s) o,
        jsonb_populate_record(NULL::orders_salesorderline, to_jsonb(t) || jsonb_build_object(
            'id', md5(format('line %%s %%s %%s', c, o, t.position))::uuid,
            'document_id', md5(format('order %%s %%s', c, o))::uuid)) n
    WHERE t.document_id = %(order)s
    """,
)
