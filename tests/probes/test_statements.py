"""From order to cash in five calls: how many statements each takes, however many lines there are."""

from decimal import Decimal

import pytest
from django.db import connections
from django.test.utils import CaptureQueriesContext

from modules.base.tests.factories import make_item
from modules.erp.finance.services import create_invoice_for, post_invoice
from modules.erp.orders.services import SalesOrderLineInput, confirm_sales_order, create_sales_order
from modules.erp.orders.tests.factories import make_shop
from modules.scm.stock.services import complete_delivery, create_delivery_for, ready_delivery, ship_document
from modules.scm.stock.tests.factories import put
from tests.probes.hands import wrong

# What is not to be exceeded, savepoints included; a change that needs more says so here.
CALLS = {"create": 12, "confirm": 21, "ship": 44, "invoice": 16, "post": 27}
BY_HAND = {"draft": 10, "ready": 11, "complete": 39}


@pytest.fixture
def counted(inside):
    """Return a function that takes an order of so many lines through its calls, and the statements of each."""
    shop = make_shop()
    items = [make_item(f"I{n}", list_price=Decimal("5.00")) for n in range(10)]
    for item in items:
        put(shop.company, item, "100", "200.00")

    def through(lines: int, *, by_hand: bool = False) -> dict[str, int]:
        wanted = [SalesOrderLineInput(item=item, quantity=Decimal(2)) for item in items[:lines]]
        made: dict = {}
        start = {
            "create": lambda: create_sales_order(company=shop.company, party=shop.customer, lines=wanted),
            "confirm": lambda: confirm_sales_order(order=made["create"]),
        }
        middle = {
            "draft": lambda: create_delivery_for(document=made["create"].pk),
            "ready": lambda: ready_delivery(delivery=made["draft"]),
            "complete": lambda: complete_delivery(delivery=made["draft"]),
        }
        end = {
            "invoice": lambda: create_invoice_for(document=made["create"].pk),
            "post": lambda: post_invoice(invoice=made["invoice"]),
        }
        counts = {}
        for name, call in (
            start | (middle if by_hand else {"ship": lambda: ship_document(document=made["create"].pk)}) | end
        ).items():
            with CaptureQueriesContext(connections["default"]) as queries:
                made[name] = call()
            counts[name] = len(queries)
        assert made["post"].net_total == 10 * lines
        assert wrong(shop.company) == []
        return counts

    through(1)  # what is opened by the first posting stays open
    return through


def test_an_order_of_ten_lines_takes_as_many_statements_as_one_of_two(counted):
    two, ten = counted(2), counted(10)
    assert two == ten
    assert {name: most for name, most in CALLS.items() if ten[name] > most} == {}, ten


def test_a_delivery_in_three_steps_takes_as_many_statements_for_ten_lines_as_for_two(counted):
    two, ten = counted(2, by_hand=True), counted(10, by_hand=True)
    assert two == ten
    assert {name: most for name, most in BY_HAND.items() if ten[name] > most} == {}, ten
