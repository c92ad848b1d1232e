"""An order is delivered and invoiced in any parts: what they come to is the order, to the cent."""

from decimal import Decimal

from django.db import transaction
from django.db.models import Sum
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from modules.base.tests.factories import make_tax
from modules.erp.finance.models import TaxLine
from modules.erp.finance.services import create_invoice_for, post_invoice
from modules.erp.orders.services import SalesOrderLineInput
from modules.erp.orders.tests.factories import make_shop
from modules.scm.stock.services import DeliveryLineInput
from modules.scm.stock.tests.factories import put, ship

D = Decimal


class _Over(Exception):
    pass


@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    prices=st.lists(st.decimals("0.01", "999.99", places=2), min_size=1, max_size=3),
    cuts=st.lists(st.integers(1, 6), min_size=1, max_size=3),
    included=st.booleans(),
    per_document=st.booleans(),
)
@example(prices=[D("1.00")], cuts=[1, 1], included=True, per_document=False)
@example(prices=[D("0.33"), D("0.34")], cuts=[2, 1, 3], included=True, per_document=True)
def test_the_invoices_of_an_order_sum_to_it_to_the_cent(inside, prices, cuts, included, per_document):
    """Whatever is delivered in whatever parts, with prices before or after tax: net, tax and total are the order's."""
    try:
        with transaction.atomic():
            shop = make_shop(country="US")
            tax = make_tax(rate="0.13", rounding="document" if per_document else "line")
            put(shop.company, shop.tea, "100", "100.00")
            lines = [SalesOrderLineInput(item=shop.tea, quantity=D(sum(cuts)), unit_price=price, taxes=[tax]) for price in prices]
            order = shop.confirmed(*lines, price_includes_tax=included)
            made = []
            for cut in cuts:
                ship(order.pk, [DeliveryLineInput(line=line.pk, quantity=D(cut)) for line in order.lines.all()])
                made.append(post_invoice(invoice=create_invoice_for(document=order.pk)))
            for name in ("net_total", "tax_total", "gross_total"):
                assert sum(getattr(each, name) for each in made) == getattr(order, name), name
            rows = TaxLine.objects.filter(entry__source_id__in=[each.pk for each in made])
            assert sum(row.amount for row in rows) == order.tax_total
            for each in made:
                sums = each.lines.aggregate(net=Sum("net"), gross=Sum("gross"))
                assert (sums["net"], sums["gross"]) == (each.net_total, each.gross_total)
            raise _Over
    except _Over:
        pass
