"""What happens to orders in practice, with every part on: held, changed, cut short, raced for."""

import json
from decimal import Decimal
from threading import Barrier, Thread
from types import SimpleNamespace
from uuid import UUID

import pytest
from django.db import connections
from tessera.access.models import Member
from tessera.access.tests.people import make_bob, make_role
from tessera.api import Refused
from tessera.context import EVERYTHING, Actor, system
from tessera.exchange.services import import_rows
from tessera.graph.ids import encode
from tessera.lineage.models import DocumentRevision, LineLink, TransitionHold
from tessera.outbox.models import OutboxEvent
from tessera.testing.asking import ask, done, refusals
from tessera.testing.events import drain
from tessera.testing.plugin import entered
from tessera.unit_of_work import unit_of_work

from modules.base.api import available_quantity, open_receivables, reserved_quantities
from modules.erp.finance.models import OpenItem, Payment
from modules.erp.finance.services import create_invoice_for, create_payment, post_invoice, post_payment
from modules.erp.orders.models import SalesOrder, SalesOrderLine
from modules.erp.orders.services import SalesOrderLineInput, accept_quote, confirm_sales_order, limits, send_quote
from modules.erp.orders.tests.factories import Shop, make_shop
from modules.oa.workflow.models import ApprovalTask
from modules.oa.workflow.services import approve_task, withdraw_request
from modules.oa.workflow.steps import ProcessStep
from modules.oa.workflow.tests.cast import being, process, request, task_of
from modules.scm.stock.models import StockBalance
from modules.scm.stock.services import DeliveryLineInput
from modules.scm.stock.tests.factories import put, ship
from tests.probes.hands import clerk, wrong

D = Decimal
SELLING = (
    "orders.sales_order_update", "orders.sales_order_confirm", "orders.sales_order_import", "orders.sales_order_view",
    "orders.sales_order_line_view", "exchange.import_run_create", "base.company_view", "base.party_view", "base.item_view",
)  # fmt: skip
CONFIRM = "mutation($id: ID!) { salesOrderConfirm(id: $id) { node { state } hold { state } userErrors { field code } } }"
UPDATE = """mutation($id: ID!, $input: SalesOrderUpdateInput!) { salesOrderUpdate(id: $id, input: $input) {
    node { state } hold { state } userErrors { field code } } }"""


@pytest.fixture
def shop(inside) -> Shop:
    """A shop with books and 20 teas on hand that cost 10.00 each."""
    shop = make_shop()
    put(shop.company, shop.tea, "20", "200.00")
    return shop


@pytest.fixture
def people(inside) -> SimpleNamespace:
    """Bob, who sells, and mia, who has to approve whatever takes effect."""
    sells = make_role("selling", workflow__request_withdraw="own", **{right.replace(".", "__"): "all" for right in SELLING})
    decides = make_role("deciding", workflow__task_decide="own")
    bob, mia = make_bob(None, sells), make_bob(None, decides, email="mia@example.com", name="Mia")
    process(ProcessStep(members=[mia.pk]), name="Orders", kind="orders.SalesOrder", transition="confirmed")
    return SimpleNamespace(bob=bob, mia=mia)


def approve(mia: Member) -> None:
    with being(mia):
        approve_task(task=task_of(mia))


def priced(line: SalesOrderLine, price: str) -> dict:
    return {"lines": [{"line": encode("SalesOrderLine", line.pk), "unitPrice": price}]}


def now(order: SalesOrder) -> SalesOrder:
    return SalesOrder.objects.get(pk=order.pk)


def reserved(order: SalesOrder) -> list[Decimal]:
    lines = [line.pk for line in now(order).sealed_lines()]
    found = reserved_quantities(lines=lines)
    return [found.get(line, D(0)) for line in lines]


def test_the_price_of_a_held_order_is_changed_only_after_it_is_withdrawn(shop, people):
    order = shop.order()
    key, line = encode("SalesOrder", order.pk), order.lines.get()
    with being(people.bob):
        (payload,) = ask(CONFIRM, id=key)["data"].values()
        assert payload == {"node": {"state": "draft"}, "hold": {"state": "WAITING"}, "userErrors": []}
        assert refusals(UPDATE, id=key, input=priced(line, "17")) == [("STATE", "state")]
        withdraw_request(instance=request())
        assert done(UPDATE, id=key, input=priced(line, "17")) == {"state": "draft"}
        assert done(CONFIRM, id=key) == {"state": "draft"}
    assert list(TransitionHold.objects.order_by("id").values_list("state", flat=True)) == ["withdrawn", "waiting"]
    approve(people.mia)
    order = now(order)
    assert (order.state, order.revision, order.gross_total, reserved(order)) == ("confirmed", 1, D("170.00"), [D(10)])
    assert wrong(shop.company) == []


def test_the_price_of_an_approved_order_holds_once_the_next_revision_is_approved(shop, people):
    order = confirmed(shop, people)
    key, line = encode("SalesOrder", order.pk), order.lines.get()
    with being(people.bob):
        (payload,) = ask(UPDATE, id=key, input=priced(line, "19"))["data"].values()
        assert payload == {"node": {"state": "confirmed"}, "hold": {"state": "WAITING"}, "userErrors": []}
        assert refusals(UPDATE, id=key, input=priced(line, "20")) == [("STATE", "state")]
    assert (now(order).revision, now(order).gross_total) == (1, D("180.00"))
    approve(people.mia)
    assert (now(order).revision, now(order).gross_total, reserved(order)) == (2, D("190.00"), [D(10)])
    kept = DocumentRevision.objects.filter(document=order.pk).order_by("revision")
    assert [(each.revision, each.content["gross_total"]) for each in kept] == [(1, "180"), (2, "190")]
    assert wrong(shop.company) == []


def confirmed(shop: Shop, people: SimpleNamespace) -> SalesOrder:
    """Return an order that bob confirmed and mia approved."""
    order = shop.order()
    with being(people.bob):
        confirm_sales_order(order=order)
    approve(people.mia)
    return now(order)


def test_what_was_delivered_keeps_the_price_of_its_revision(shop, people):
    order = confirmed(shop, people)
    line = order.lines.get()
    delivered = ship(order.pk, [DeliveryLineInput(line=line.pk, quantity=D(4))])
    with being(people.bob):
        ask(UPDATE, id=encode("SalesOrder", order.pk), input=priced(line, "20"))
    assert post_invoice(invoice=create_invoice_for(document=order.pk)).net_total == D("72.00")  # held: the old price is in force
    approve(people.mia)
    old, rest = now(order).sealed_lines()
    assert [(each.quantity, each.unit_price, each.net) for each in (old, rest)] == [(4, 18, D("72.00")), (6, 20, D("120.00"))]
    link = LineLink.objects.get(type="fulfils")
    assert (link.source_line, link.target_document, link.base_quantity) == (old.pk, delivered.pk, 4)
    assert LineLink.objects.get(type="replaces", source_line=old.pk).target_line == rest.pk
    assert reserved(order) == [D(0), D(6)]
    ship(order.pk)
    assert post_invoice(invoice=create_invoice_for(document=order.pk)).net_total == D("120.00")
    drain()
    assert (now(order).state, now(order).gross_total) == ("closed", D("192.00"))
    assert open_receivables(party=shop.customer.pk, company=shop.company.pk) == D("192.00")
    assert wrong(shop.company) == []


PREVIEW = """query($order: ID!) { shortClosePreview(order: $order) {
    advance toInvoice toCredit cancelledNet lines { cancelled released } } }"""
SHORT_CLOSE = """mutation($id: ID!) { salesOrderShortClose(id: $id, input: {reason: "no more"}) {
    node { state reason percentDelivered } userErrors { field code } } }"""
CANCEL = "mutation($id: ID!) { salesOrderCancel(id: $id) { node { state } userErrors { field code } } }"


def test_an_order_called_off_after_a_part_left_is_cut_short_and_its_advance_stays_open(shop):
    order = shop.confirmed()
    advance = create_payment(
        company=shop.company,
        party=shop.customer,
        direction=Payment.Direction.IN,
        side=Payment.Side.CUSTOMER,
        amount=D("100.00"),
        posting_date=order.document_date,
        order=order.pk,
    )
    post_payment(payment=advance)
    ship(order.pk, [DeliveryLineInput(line=order.lines.get().pk, quantity=D(4))])
    key = encode("SalesOrder", order.pk)
    with clerk("orders.sales_order_short_close", "orders.sales_order_cancel", "orders.sales_order_view"):
        assert refusals(CANCEL, id=key) == [("STATE", "state")]
        assert ask(PREVIEW, order=key)["data"]["shortClosePreview"] == {
            "advance": "100",
            "toInvoice": "72",
            "toCredit": "0",
            "cancelledNet": "108",
            "lines": [{"cancelled": "6", "released": "6"}],
        }
        assert done(SHORT_CLOSE, id=key) == {"state": "confirmed", "reason": "no more", "percentDelivered": "100"}
        assert refusals(SHORT_CLOSE, id=key) == [("STATE", "state")]
    line = order.lines.get()
    assert (line.quantity, line.cancelled_quantity, reserved(order)) == (10, 6, [D(0)])
    assert available_quantity(item=shop.tea.pk, company=shop.company.pk) == 16
    items = OpenItem.objects.filter(party=shop.customer).order_by("id").values_list("kind", "residual")
    assert list(items) == [("advance", D("-100.00"))]
    invoice = post_invoice(invoice=create_invoice_for(document=order.pk))
    drain()
    assert (now(order).state, invoice.gross_total) == ("closed", D("72.00"))
    assert list(items.all()) == [("advance", D("-28.00")), ("invoice", D("0.00"))]  # the rest is the customer's
    assert wrong(shop.company) == []


def test_an_imported_order_that_a_gate_holds_is_told_as_held_and_takes_effect_once_approved(shop, people):
    with unit_of_work():
        shop.customer.code = "ALFKI"
        shop.customer.save()
    rows = [
        {"company": "HQ", "external_id": str(number), "party": "ALFKI", "document_date": "2026-03-01", "lines": lines}
        for number, lines in enumerate(([{"item": "TEA", "quantity": "2", "unit_price": "9"}],) * 3, start=1)
    ]
    rows[0]["delivered_on"] = "2026-03-05"
    with being(people.bob):
        run = import_rows(importer="sales_orders", data=json.dumps(rows), format="json")
    drafts = {order.external_id: order for order in SalesOrder.objects.filter(state="draft")}
    assert (run.imported, run.problems, sorted(drafts)) == (3, [], ["2", "3"])
    assert run.held == [
        {"row": number, "label": "orders.SalesOrder", "record": str(drafts[str(number)].pk), "transition": "confirmed"}
        for number in (2, 3)
    ]
    task = ApprovalTask.objects.get(document=drafts["2"].pk)
    with being(people.mia):
        approve_task(task=task)
    assert {number: now(order).state for number, order in drafts.items()} == {"2": "confirmed", "3": "draft"}
    assert (reserved(drafts["2"]), reserved(drafts["3"])) == ([D(2)], [D(0)])


@pytest.mark.committed
def test_a_quote_that_two_accept_at_once_becomes_one_order(tenant):
    start = Barrier(2, timeout=60)
    with entered(tenant, actor=system("test")):
        quote = send_quote(quote=make_shop().quote())
    made: list[UUID] = []

    def accept() -> None:
        try:
            with entered(tenant, actor=system("test")):
                start.wait()
                made.append(accept_quote(quote=quote, revision=1).pk)
        finally:
            connections.close_all()

    threads = [Thread(target=accept) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    with entered(tenant, actor=system("test")):
        order = SalesOrder.objects.get()
        assert made == [order.pk, order.pk]
        assert (order.quote_id, order.quote_revision, order.gross_total) == (quote.pk, 1, D("180.00"))
        assert OutboxEvent.objects.filter(name="orders.quote_accepted").count() == 1


@pytest.mark.committed
def test_two_orders_race_for_the_last_credit(tenant, monkeypatch):
    start = Barrier(2, timeout=60)
    unlocked = limits.lock_credit_account

    def lock_together(**account):
        start.wait()  # both have found, without the lock, that they fit
        return unlocked(**account)

    with entered(tenant, actor=system("test")):
        shop = make_shop(credit_limit="300")
        put(shop.company, shop.tea, "20", "200.00")
        put(shop.company, shop.coffee, "20", "200.00")
        # different goods, so that they meet at the credit account and not before
        drafts = [shop.order(), shop.order(SalesOrderLineInput(item=shop.coffee, quantity=D(10), unit_price=D(18)))]
    monkeypatch.setattr(limits, "lock_credit_account", lock_together)
    bob = Actor(kind="member", grants={"orders.sales_order_confirm": EVERYTHING})
    answers: list[str] = []

    def confirm(order: SalesOrder) -> None:
        try:
            with entered(tenant, actor=bob):
                confirm_sales_order(order=order)
            answers.append("confirmed")
        except Refused as refusal:
            answers.append(refusal.problems[0].code)
        finally:
            connections.close_all()

    threads = [Thread(target=confirm, args=(order,)) for order in drafts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    assert sorted(answers) == ["LIMIT", "confirmed"]
    with entered(tenant, actor=system("test")):
        assert sorted(SalesOrder.objects.values_list("state", "number")) == [
            ("confirmed", f"SO-{drafts[0].document_date.year}-00001"),
            ("draft", None),
        ]
        assert limits.exposure(shop.customer.pk, shop.company.pk) == D("180.00")
        assert sorted(StockBalance.objects.values_list("hard_reserved", flat=True)) == [0, 10]
        assert wrong(shop.company) == []
