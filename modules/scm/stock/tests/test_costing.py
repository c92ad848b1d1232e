"""What goods cost when they leave, come back, and turn out to have cost something else."""

from datetime import date
from decimal import Decimal

import pytest
from tessera.api import Refused

from modules.base.api import Item
from modules.base.tests.factories import make_company, make_customer, make_item, make_supplier
from modules.scm.stock.models import LayerUse, LocationKind, StockMove, ValueAdjustmentPart
from modules.scm.stock.services import (
    DeliveryLineInput,
    ReturnLineInput,
    SpreadBy,
    adjust_value,
    apply_difference,
    count_stock,
    return_from_customer,
)
from modules.scm.stock.tests.factories import broken, confirm, on_hand, place, pool_of, put, receive, ship

METHODS = [Item.CostMethod.AVERAGE, Item.CostMethod.FIFO]


@pytest.mark.parametrize("method", METHODS)
def test_seven_pieces_worth_ten_issued_one_by_one_end_at_nothing(inside, method):
    company = make_company()
    bob, tea = make_customer(company), make_item(cost_method=method)
    put(company, tea, "7", "10.00")
    order = confirm(company, bob, [(tea, "7")])
    for _ in range(7):
        ship(order.document, [DeliveryLineInput(line=order.demands[0].line, quantity=Decimal(1))])
    out = StockMove.objects.filter(target__kind=LocationKind.CUSTOMER).order_by("seq")
    assert [str(move.value) for move in out] == ["1.4300", "1.4300", "1.4300", "1.4300", "1.4300", "1.4300", "1.4200"]
    assert pool_of(company, tea) == (0, 0)
    assert broken() == []
