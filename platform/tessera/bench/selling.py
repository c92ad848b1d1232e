"""Order to cash: an order of ten lines is drafted, confirmed, shipped, invoiced, and its invoice posted."""

from collections.abc import Iterator

from modules.erp.finance.services import create_invoice_for, post_invoice
from modules.erp.orders.services import confirm_sales_order
from modules.scm.stock.services import ship_document
from tessera.bench.footprint import Footprint, Replay
from tessera.bench.measures import Benchmark, Measured, in_turns, timed
from tessera.bench.shop import Shop
from tessera.bench.stage import Stage, inside


def steps(shop: Shop) -> Iterator[str]:
    """Go one durable step further each time, and yield its name before."""
    yield "order"
    order = shop.order()
    yield "confirm"
    confirm_sales_order(order=order)
    yield "ship"
    ship_document(document=order.pk)
    yield "invoice"
    invoice = create_invoice_for(document=order.pk)
    yield "post"
    post_invoice(invoice=invoice)


def run(stage: Stage) -> Measured:
    """Sell through the services, as a member; the floor writes the same rows by five prepared statements."""
    shop = stage.shop
    with inside(shop.tenant, shop.member):

        def sell() -> None:
            for _ in steps(shop):
                pass

        sell()
        footprint = Footprint(shop.tenant.schema_name)
        for line in watched(steps(shop), footprint, stage):
            stage.tell(line)
        floor = Replay(footprint)
        try:
            return in_turns(sell, floor.run, turns=20, warm=2)
        finally:
            floor.close()


def watched(sale: Iterator[str], footprint: Footprint, stage: Stage) -> Iterator[str]:
    """Watch one sale step by step; yield what to tell of each: statements, rows and time."""
    following = [next(sale, None)]
    while (name := following.pop()) is not None:
        with footprint.of(), stage.counting() as statements:
            spent = timed(lambda: following.append(next(sale, None)))
        yield f"{name:8} {len(statements):4} statements {footprint.calls[-1].rows:4} rows {spent * 1000:7.1f} ms"


BENCHMARK = Benchmark("order to cash, 10 lines", "five prepared statements that write the same rows", "ms", 0.1, run)
