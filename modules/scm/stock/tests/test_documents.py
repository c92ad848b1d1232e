"""Companies, transfers, counts and closed days; what was posted stays; reports."""

from datetime import date
from decimal import Decimal

import pytest
from django.db import connections
from django.db.utils import DatabaseError
from tessera.api import Refused
from tessera.unit_of_work import unit_of_work

from modules.base.api import is_period_open
from modules.base.tests.factories import make_company, make_customer, make_item, make_supplier
from modules.scm.stock.models import (
    Location,
    StockMove,
    StockPolicy,
    Transfer,
)
from modules.scm.stock.selectors import stock_on_hand, stock_value
from modules.scm.stock.services import (
    TransferLineInput,
    count_stock,
    create_transfer,
    setup_company,
)
from modules.scm.stock.tests.factories import (
    code_of,
    confirm,
    on_hand,
    place,
    receive,
    ship,
)


def test_a_company_starts_with_a_warehouse_and_the_places_outside(inside):
    company = make_company()
    kinds = sorted(Location.objects.filter(company=company).values_list("kind", flat=True))
    assert kinds == ["customer", "hold", "loss", "opening", "production", "scrap", "storage", "supplier", "transit"]
    policy = setup_company(company=company)
    assert StockPolicy.objects.get(company=company) == policy
    assert Location.objects.filter(company=company).count() == 9


def test_stock_has_its_own_lock_date_where_nobody_keeps_books(shop, monkeypatch):
    monkeypatch.setattr(is_period_open, "answered_by", None)
    with unit_of_work():
        policy = StockPolicy.objects.get(company=shop.company)
        policy.locked_until = date(2026, 3, 31)
        policy.save()
    order = confirm(shop.company, shop.bob, [(shop.tea, "4")])
    with pytest.raises(Refused) as refusal:
        ship(order.document, posting_date=date(2026, 3, 31))
    assert code_of(refusal) == ("CLOSED_PERIOD", ("posting_date",))
    with pytest.raises(Refused) as refusal:
        receive(shop.company, shop.sam, [(shop.tea, "1", "1")], posting_date=date(2026, 3, 1))
    assert code_of(refusal) == ("CLOSED_PERIOD", ("posting_date",))
    assert StockMove.objects.count() == 1
    receive(shop.company, shop.sam, [(shop.tea, "1", "1")], posting_date=date(2026, 4, 1))
    assert StockMove.objects.filter(posting_date=date(2026, 4, 1)).count() == 1


def test_the_books_decide_where_they_are_kept(shop, monkeypatch):
    monkeypatch.setattr(is_period_open, "owner", "stock")
    monkeypatch.setattr(is_period_open, "answered_by", lambda *, company, on, area: area == "stock" and on.month != 3)
    with pytest.raises(Refused) as refusal:
        count_stock(location=place(shop.company), item=shop.tea, counted=Decimal(9), posting_date=date(2026, 3, 5))
    assert code_of(refusal) == ("CLOSED_PERIOD", ("posting_date",))
    count_stock(location=place(shop.company), item=shop.tea, counted=Decimal(9), posting_date=date(2026, 4, 5))
    assert on_hand(shop.company, shop.tea) == 9


@pytest.mark.parametrize("table", ["stock_stockmove", "stock_layeruse", "stock_valueadjustment", "stock_valueadjustmentpart"])
@pytest.mark.parametrize("change", ["UPDATE {table} SET id = id", "DELETE FROM {table}", "TRUNCATE {table} CASCADE"])
def test_what_was_posted_is_never_changed(inside, table, change):
    from modules.base.api import Item
    from modules.scm.stock.services import adjust_value

    company = make_company()
    bob, sam, tea = make_customer(company), make_supplier(company), make_item(cost_method=Item.CostMethod.FIFO)
    receipt = receive(company, sam, [(tea, "3", "1.00")])
    ship(confirm(company, bob, [(tea, "1")]).document)
    adjust_value(receipt=receipt, amount=Decimal(1), reason="duty")
    with pytest.raises(DatabaseError, match=r"append-only|permission denied"), unit_of_work():
        connections["default"].cursor().execute(change.format(table=table))


def test_reports_tell_what_lies_there_and_what_it_is_worth(shop):
    confirm(shop.company, shop.bob, [(shop.tea, "4")])
    (row,) = stock_on_hand(company=shop.company)
    assert (row.code, row.on_hand, row.reserved, row.on_hold, row.available) == ("TEA", 10, 4, 0, 6)
    (worth,) = stock_value(company=shop.company)
    assert (worth.code, worth.quantity, worth.value) == ("TEA", 10, 50)


def test_a_transfer_to_where_it_starts_is_refused(shop):
    with pytest.raises(Refused) as refusal:
        create_transfer(
            company=shop.company,
            source=place(shop.company),
            target=place(shop.company),
            lines=[TransferLineInput(item=shop.tea, quantity=Decimal(1))],
        )
    assert code_of(refusal) == ("INVALID", ("target",))
    assert not Transfer.objects.exists()
