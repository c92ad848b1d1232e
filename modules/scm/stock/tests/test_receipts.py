"""Receipts: what they take and what they refuse."""

from decimal import Decimal

import pytest
from django.apps import apps
from tessera.api import Refused
from tessera.unit_of_work import unit_of_work

from modules.base.tests.factories import make_company, make_item, make_unit
from modules.scm.stock.models import (
    StockMove,
)
from modules.scm.stock.services import (
    ReceiptLineInput,
    complete_receipt,
    create_receipt,
    ready_receipt,
)
from modules.scm.stock.tests.factories import (
    code_of,
    place,
    pool_of,
)

BAD_LINES = [
    ({"quantity": Decimal(0)}, ("INVALID", ("lines", "0", "quantity"))),
    ({"quantity": Decimal("-1")}, ("INVALID", ("lines", "0", "quantity"))),
    ({"quantity": Decimal("NaN")}, ("INVALID", ("lines", "0", "quantity"))),
    ({"quantity": Decimal("0.4")}, ("INVALID", ("lines", "0", "quantity"))),
    ({"unit_cost": Decimal("-0.01")}, ("INVALID", ("lines", "0", "unit_cost"))),
    ({"unit_cost": Decimal("NaN")}, ("INVALID", ("lines", "0", "unit_cost"))),
]


@pytest.mark.parametrize(("bad", "expected"), BAD_LINES)
def test_a_bad_receipt_line_is_refused_by_field(shop, bad, expected):
    values = {"item": shop.tea, "quantity": Decimal(1), "unit_cost": Decimal(1)} | bad
    with pytest.raises(Refused) as refusal:
        create_receipt(company=shop.company, party=shop.sam, lines=[ReceiptLineInput(**values)])
    assert code_of(refusal) == expected


def test_a_receipt_refuses_services_foreign_places_and_no_lines(shop):
    other = make_company("OTHER")
    advice = make_item("ADVICE", kind="service")
    one = {"quantity": Decimal(1), "unit_cost": Decimal(1)}
    cases = [
        ([], ("REQUIRED", ("lines",))),
        ([ReceiptLineInput(item=advice, **one)], ("INVALID", ("lines", "0", "item"))),
        ([ReceiptLineInput(item=shop.tea, location=place(other), **one)], ("INVALID", ("lines", "0", "location"))),
    ]
    for lines, expected in cases:
        with pytest.raises(Refused) as refusal:
            create_receipt(company=shop.company, party=shop.sam, lines=lines)
        assert code_of(refusal) == expected
    with pytest.raises(Refused) as refusal:
        create_receipt(company=shop.company, lines=[ReceiptLineInput(item=shop.tea, **one)], warehouse=place(other).warehouse)
    assert code_of(refusal) == ("INVALID", ("warehouse",))


def test_a_receipt_in_dozens_lies_there_in_pieces(shop):
    dozen = make_unit("dz")
    with unit_of_work():
        apps.get_model("base", "UnitConversion")(source=dozen, target=shop.tea.unit, numerator=12).save()
    line = ReceiptLineInput(item=shop.tea, quantity=Decimal(2), unit=dozen, unit_cost=Decimal("30.00"))
    complete_receipt(receipt=ready_receipt(receipt=create_receipt(company=shop.company, party=shop.sam, lines=[line])))
    move = StockMove.objects.order_by("id").last()
    assert (move.quantity, move.unit, move.base_quantity, move.value) == (2, dozen, 24, 60)
    assert pool_of(shop.company, shop.tea) == (34, 110)
