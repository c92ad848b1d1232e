"""What a customer ordered counts for whoever it has become."""

from decimal import Decimal as D

import pytest
from tessera.api import Refused

from modules.base.services import merge_party
from modules.base.tests.factories import make_customer
from modules.erp.orders.services import confirm_sales_order, create_sales_order
from modules.erp.orders.services.limits import exposure
from modules.erp.orders.services.lines import SalesOrderLineInput
from modules.erp.orders.tests.factories import make_shop


def test_what_a_merged_customer_ordered_counts_against_the_credit_of_the_one_it_became(orders, acts):
    shop = make_shop(credit_limit="300")
    double = make_customer(shop.company, "Alfred's", credit_limit=D("1000"))
    lines = [SalesOrderLineInput(item=shop.tea, quantity=D(10))]
    confirm_sales_order(order=create_sales_order(company=shop.company, party=double, lines=lines))
    late = create_sales_order(company=shop.company, party=double, lines=lines)
    merge_party(party=double, into=shop.customer)
    assert [exposure(party.pk, shop.company.pk) for party in (shop.customer, double)] == [D("180.00")] * 2
    with acts("orders.sales_order_confirm"), pytest.raises(Refused) as refusal:
        confirm_sales_order(order=late)
    assert refusal.value.problems[0].code == "LIMIT"
