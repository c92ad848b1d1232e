"""What others tell is taken once, however often it is told."""

from uuid import UUID

from django.utils import timezone
from tessera.api import Event, new_id
from tessera.outbox.models import OutboxEvent
from tessera.unit_of_work import unit_of_work

from modules.erp.orders import handlers
from modules.erp.orders.models import SalesOrder
from modules.erp.orders.tests.factories import deliver, invoice, make_shop


def fact(name: str, **data) -> Event:
    return Event(id=new_id(), name=name, version=1, subject=new_id(), seq=1, data=data, recorded_at=timezone.now())


def twice(handler, event) -> None:
    for _ in range(2):
        with unit_of_work():
            handler(event)


def names_of(order) -> list[str]:
    facts = OutboxEvent.objects.filter(subject=order.pk).order_by("seq")
    return [name.partition(".")[2] for name in facts.values_list("name", flat=True)]


def test_a_delivery_told_twice_delivers_once(orders, stock, finance):
    order = make_shop().confirmed()
    deliver(order.lines.get(), 10)
    twice(handlers.look_at_delivered_orders, fact("stock.delivery_done", documents=[str(order.pk), str(new_id())]))
    assert names_of(order) == ["sales_order_confirmed", "sales_order_delivered"]


def test_an_invoice_told_twice_closes_once(orders, stock, finance):
    order = make_shop().confirmed()
    deliver(order.lines.get(), 10)
    invoice(order.lines.get(), 10)
    event = fact("finance.invoice_posted", documents=[str(order.pk)])
    twice(handlers.look_at_invoiced_orders, event)
    assert SalesOrder.objects.get().state == "closed"
    assert names_of(order) == ["sales_order_confirmed", "sales_order_delivered", "sales_order_closed"]
    assert isinstance(event.subject, UUID)
