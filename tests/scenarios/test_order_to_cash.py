"""An order from its lead to its ticket, with every part on, through the services."""

from decimal import Decimal

import pytest
from tessera.api import Refused, document_graph
from tessera.testing.events import drain, tell_again

from modules.base.api import available_quantity, open_receivables, reserved_quantities, unbilled_orders
from modules.base.models import ContactPoint
from modules.base.services import add_contact_point
from modules.crm.sales.services import capture_lead, convert_lead
from modules.crm.service.models import Survey, Ticket
from modules.crm.service.services import answer_survey, token_of
from modules.erp.finance.models import OpenItem, Payment
from modules.erp.finance.services import AllocationInput, create_invoice_for, create_payment, post_invoice, post_payment
from modules.erp.orders.models import SalesOrder
from modules.erp.orders.selectors import backordered_quantities, percents_delivered, percents_invoiced, short_close_preview
from modules.erp.orders.services import (
    QuoteLineInput,
    SalesOrderLineInput,
    accept_quote,
    confirm_sales_order,
    send_quote,
    short_close_sales_order,
    update_sales_order,
)
from modules.erp.orders.tests.factories import make_shop
from modules.scm.stock.services import DeliveryLineInput, complete_delivery, create_delivery_for, ready_delivery
from modules.scm.stock.tests.factories import put

D = Decimal


@pytest.fixture
def shop(inside):
    """Return a shop with books and 20 teas on hand that cost 10.00 each."""
    shop = make_shop()
    put(shop.company, shop.tea, "20", "200")
    return shop


def ship(order, quantity=None):
    """Deliver a quantity of the order's first line, or all that is reserved."""
    line = order.lines.order_by("position").first()
    lines = None if quantity is None else [DeliveryLineInput(line=line.pk, quantity=D(quantity))]
    return complete_delivery(delivery=ready_delivery(delivery=create_delivery_for(document=order.pk, lines=lines)))


def bill(order):
    return post_invoice(invoice=create_invoice_for(document=order.pk))


def pay(shop, party, order, amount, *invoices):
    """Take a payment: of invoices in their order, or an advance on the order."""
    payment = create_payment(
        company=shop.company,
        party=party,
        direction=Payment.Direction.IN,
        side=Payment.Side.CUSTOMER,
        amount=amount,
        posting_date=order.document_date,
        order=None if invoices else order.pk,
    )
    parts, rest = [], amount
    for item in OpenItem.objects.filter(document__in=[invoice.pk for invoice in invoices]).order_by("id"):
        part = min(rest, item.residual)
        parts.append(AllocationInput(item=item, amount=part))
        rest -= part
    return post_payment(payment=payment, allocations=parts)


def reserved(order) -> list[Decimal]:
    lines = list(order.lines.order_by("position").values_list("pk", flat=True))
    found = reserved_quantities(lines=lines)
    return [found.get(line, D(0)) for line in lines]


def test_from_lead_to_ticket(shop):
    lead = capture_lead(company_name="Ana Trujillo", contact_name="Ana", email="ana@trujillo.example")
    deal = convert_lead(lead=lead, amount=D("153"))
    shop.customer = deal.party
    quote = send_quote(
        quote=shop.quote(
            QuoteLineInput(item=shop.tea, quantity=D(10), discount=D("0.15")),
            QuoteLineInput(kind="charge", description="Freight", unit_price=D(20)),
            opportunity=deal.pk,
            contact=deal.contact,
        )
    )
    order = confirm_sales_order(order=accept_quote(quote=quote))
    drain()
    deal.refresh_from_db()
    assert (deal.state, reserved(order)) == ("won", [D(10), D(0)])
    ship(order, 4)
    first = bill(order)
    assert first.net_total == D("81.20")
    assert (percents_delivered(ids=[order.pk])[order.pk], percents_invoiced(ids=[order.pk])[order.pk]) == (D("40.00"), D("46.94"))
    ship(order)
    second = bill(order)
    assert first.net_total + second.net_total == order.net_total == D("173.00")
    assert open_receivables(party=deal.party.pk, company=shop.company.pk) == D("173.00")
    assert unbilled_orders(party=deal.party.pk, company=shop.company.pk) == 0
    drain()
    tell_again()
    order.refresh_from_db()
    assert (order.state, percents_delivered(ids=[order.pk])[order.pk], percents_invoiced(ids=[order.pk])[order.pk]) == (
        "closed",
        100,
        100,
    )
    survey = Survey.objects.get()
    assert (survey.email, survey.document) == ("ana@trujillo.example", order.pk)
    answer_survey(token=token_of(survey), score=2, comment="late")
    other = pay(shop, deal.party, shop.confirmed(), D("50"))
    paid = pay(shop, deal.party, order, D("100"), first, second)
    told = document_graph(id=order.pk)
    kinds = [(node.kind, node.depth) for node in told.nodes]
    assert kinds[:4] == [("sales.Lead", 0), ("sales.Opportunity", 1), ("orders.Quote", 2), ("orders.SalesOrder", 3)]
    assert {kind for kind, depth in kinds if depth > 3} >= {
        "stock.Delivery",
        "finance.Invoice",
        "service.Survey",
        "service.Ticket",
    }
    assert {node.id for node in told.nodes} >= {survey.pk, Ticket.objects.get().pk, first.pk, second.pk}
    assert told.complete
    settled = {(edge.source, edge.target): (edge.amount, edge.lines) for edge in told.edges if edge.type == "settles"}
    assert settled == {(first.pk, paid.pk): (D("81.20"), 1), (second.pk, paid.pk): (D("18.80"), 1)}
    assert other.pk not in {node.id for node in told.nodes}
    booked = [edge for edge in told.edges if edge.type == "books" and edge.source == first.pk]
    assert [(edge.amount, edge.currency) for edge in booked] == [(D("121.20"), "USD")]  # 81.20 and 40.00 of cost


def test_an_amended_order_moves_its_reservations(shop):
    order = shop.confirmed(SalesOrderLineInput(item=shop.tea, quantity=D(15)))
    waiting = shop.confirmed(SalesOrderLineInput(item=shop.tea, quantity=D(10)))
    assert (reserved(order), reserved(waiting)) == ([D(15)], [D(5)])
    line = order.lines.get()
    assert backordered_quantities(ids=[waiting.lines.get().pk]) == {waiting.lines.get().pk: 5}
    ship(order, 4)
    update_sales_order(order=order, lines=[SalesOrderLineInput(line=line, quantity=D(9), unit_price=D(20))])
    assert (reserved(order), reserved(waiting)) == ([D(0), D(5)], [D(10)])  # what it frees goes to whoever waits
    update_sales_order(order=waiting, lines=[SalesOrderLineInput(line=waiting.lines.get(), quantity=D(14))])
    assert reserved(waiting) == [D(11)]
    with pytest.raises(Refused) as refusal:
        update_sales_order(order=order, lines=[SalesOrderLineInput(line=line, quantity=D(3))])
    assert refusal.value.problems[0].code == "LIMIT"
    ship(order)
    invoice = bill(order)
    assert invoice.net_total == D("172.00")  # 4 at 18.00 and 5 at 20.00
    drain()
    assert SalesOrder.objects.get(pk=order.pk).state == "closed"


def test_a_short_close_frees_what_was_set_aside(shop):
    order = shop.confirmed(SalesOrderLineInput(item=shop.tea, quantity=D(15)))
    ship(order, 4)
    preview = short_close_preview(order=order)
    assert [(line.cancelled, line.released, line.to_invoice) for line in preview.lines] == [(11, 11, D("72.00"))]
    short_close_sales_order(order=order, reason="enough")
    assert (reserved(order), available_quantity(item=shop.tea.pk, company=shop.company.pk)) == ([D(0)], 16)
    assert bill(order).net_total == D("72.00")
    drain()
    assert SalesOrder.objects.get(pk=order.pk).state == "closed"
    assert not Survey.objects.exists()


def test_a_customer_with_an_address_is_asked_once(shop, mailoutbox):
    add_contact_point(party=shop.customer, kind=ContactPoint.Kind.EMAIL, value="maria@alfreds.example")
    order = shop.confirmed()
    ship(order)
    drain()
    tell_again()
    assert [letter.to for letter in mailoutbox] == [["maria@alfreds.example"]]
