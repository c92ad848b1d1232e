"""What a business does with its stock sooner or later, and what must then be true."""

from decimal import Decimal
from types import SimpleNamespace

import pytest

from modules.base.tests.factories import make_company, make_customer, make_item, make_supplier
from modules.erp.finance.selectors import reconciliation
from modules.scm.stock.models import LocationKind, StockMove, ValueAdjustment
from modules.scm.stock.services import DeliveryLineInput, create_location
from modules.scm.stock.tests.factories import broken, confirm, place, pool_of, put, receive, ship


@pytest.fixture
def shop(inside):
    """A company with books, a customer and a supplier."""
    company = make_company()
    return SimpleNamespace(company=company, bob=make_customer(company), sam=make_supplier(company))


@pytest.mark.parametrize("method", ["average", "fifo"])
def test_goods_that_leave_before_they_came_cost_what_the_next_receipt_says(shop, method):
    counter = create_location(warehouse=place(shop.company).warehouse, code="COUNTER", name="Counter", allow_negative=True)
    jam = make_item("JAM", cost_method=method)
    put(shop.company, jam, "2", "10.00")
    order = confirm(shop.company, shop.bob, [(jam, "5")])
    ship(order.document, [DeliveryLineInput(line=order.demands[0].line, quantity=Decimal(5), location=counter)])
    out = StockMove.objects.get(item=jam, target__kind=LocationKind.CUSTOMER)
    assert (out.value, out.value_basis, pool_of(shop.company, jam)) == (25, "provisional", (-3, -15))
    receive(shop.company, shop.sam, [(jam, "7", "6.00")])
    settled = ValueAdjustment.objects.get()
    assert (settled.amount, settled.on_hand, settled.gone) == (0, -3, 3)
    assert (settled.parts.get(move__isnull=False).move, pool_of(shop.company, jam)) == (out, (4, 24))
    assert broken() == []
    assert [row for row in reconciliation(company=shop.company) if row.difference] == []
