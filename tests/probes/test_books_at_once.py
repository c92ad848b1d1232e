"""Two at the same books at the same time, each with a connection of its own."""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from datetime import date
from decimal import Decimal
from threading import Event
from time import monotonic, sleep

import pytest
from django.db import connections
from tessera.api import Refused, system
from tessera.testing.plugin import entered
from tessera.unit_of_work import Phase, defer, unit_of_work

from modules.base.tests.factories import make_supplier
from modules.erp.finance.models import Area, Book, Entry, FiscalPeriod, Invoice, PeriodLock
from modules.erp.finance.selectors import received_not_billed, reconciliation
from modules.erp.finance.services import (
    InvoiceLineInput,
    close_period,
    create_invoice,
    create_invoice_for,
    draft_entry,
    post_entry,
    post_invoice,
)
from modules.erp.finance.tests.factories import ledger, lines
from modules.erp.orders.services import SalesOrderLineInput
from modules.erp.orders.tests.factories import make_shop
from modules.scm.stock.tests.factories import put, receive, ship

pytestmark = [pytest.mark.committed, pytest.mark.timeout(120)]
D = Decimal
PATIENCE = 60.0


class Pair:
    """A first one that stops before its commit, and a second one that comes meanwhile."""

    def __init__(self, tenant):
        self.tenant = tenant
        with entered(tenant, actor=system("test")) as context:
            self.modules = context.modules
        self._close()

    def _close(self) -> None:
        for connection in connections.all():
            connection.close()

    def _run(self, work: Callable[[], object], ready: Event | None, go: Event | None) -> object:
        try:
            with entered(self.tenant, actor=system("pair"), modules=self.modules), unit_of_work() as unit:
                if ready and go:
                    defer(Phase.RECORD, lambda: (ready.set(), go.wait(PATIENCE)))
                with unit.service():
                    return work()
        finally:
            self._close()

    def run(self, first: Callable[[], object], second: Callable[[], object]) -> list[Future]:
        """Run both; the second one must wait for the first, which commits once it does."""
        ready, go = Event(), Event()
        with ThreadPoolExecutor(2) as pool:
            one = pool.submit(self._run, first, ready, go)
            try:
                assert ready.wait(PATIENCE), one.exception(0)
                two = pool.submit(self._run, second, None, None)
                self._wait_for_lock(two)
            finally:
                go.set()
        return [one, two]

    def _wait_for_lock(self, second: Future) -> None:
        """Return once somebody waits for a lock; fail where the second one got through without."""
        until = monotonic() + PATIENCE
        with entered(self.tenant, actor=system("watch"), modules=self.modules), connections["default"].cursor() as cursor:
            while monotonic() < until:
                cursor.execute("SELECT count(*) FROM pg_locks WHERE NOT granted")
                if cursor.fetchone()[0]:
                    return
                assert not second.done(), "the second one did not wait"
                sleep(0.005)
        raise AssertionError("nobody waits for a lock")


@contextmanager
def inside(tenant):
    with entered(tenant, actor=system("test")):
        yield


@pytest.fixture
def books(tenant):
    """A shop with books and a drafted entry in a period."""
    with inside(tenant):
        shop = make_shop(country="US")
        shop.sam = make_supplier(shop.company)
        shop.book = Book.objects.get(company=shop.company)
        shop.period = FiscalPeriod.objects.filter(company=shop.company, adjusting=False).order_by("start").first()
        rows = lines(shop.book, ("1010", "debit", "5"), ("3000", "credit", "5"))
        shop.draft = draft_entry(book=shop.book, posting_date=shop.period.end, lines=rows)
    shop.pair = Pair(tenant)
    return shop


def test_whoever_closes_a_period_waits_for_a_posting_under_way(tenant, books):
    posted, closed = books.pair.run(
        lambda: post_entry(entry=books.draft), lambda: close_period(period=books.period, area=Area.SALES)
    )
    assert (posted.result().state, closed.result().state) == ("posted", "closed")


def test_a_posting_that_meets_a_closing_is_refused_when_it_is_done(tenant, books):
    """The draft looked at the period while it was open; only the database sees that it is not any more."""
    with inside(tenant), unit_of_work():
        for area in (Area.SALES, Area.PURCHASE, Area.STOCK):
            PeriodLock(period=books.period, area=area, state="closed").save()

    def close():
        lock = PeriodLock(period=books.period, area=Area.LEDGER, state="closed")
        list(FiscalPeriod.objects.filter(pk=books.period.pk).select_for_update())
        lock.save()

    closed, posted = books.pair.run(close, lambda: post_entry(entry=books.draft))
    assert closed.exception() is None
    with pytest.raises(Refused) as refusal:
        posted.result()
    assert [(problem.code, problem.field) for problem in refusal.value.problems] == [("CLOSED_PERIOD", ("posting_date",))]
    with inside(tenant):
        assert Entry.objects.get(pk=books.draft.pk).state == "draft"
        assert ledger(books.book) == {}


def bill(books, receipt):
    line = receipt.lines.get()
    given = InvoiceLineInput(
        item=line.item, quantity=line.base_quantity, unit_price=D(6), taxes=[], receipt=receipt.pk, receipt_line=line.pk
    )
    return create_invoice(company=books.company, direction="purchase", party=books.sam, lines=[given])


def test_two_bills_of_one_receipt_at_once_are_one_bill(tenant, books):
    with inside(tenant):
        receipt = receive(books.company, books.sam, [(books.tea, "10", "5.00")])
        drafts = [bill(books, receipt) for _ in range(2)]
    first, second = books.pair.run(lambda: post_invoice(invoice=drafts[0]), lambda: post_invoice(invoice=drafts[1]))
    assert first.result().state == "posted"
    with pytest.raises(Refused) as refusal:
        second.result()
    assert refusal.value.problems[0].code == "LIMIT"
    with inside(tenant):
        assert sorted(Invoice.objects.values_list("state", flat=True)) == ["draft", "posted"]
        assert received_not_billed(company=books.company, on=date(2099, 1, 1)) == []
        assert ledger(books.book) == {"1200": D(60), "2000": D(-60)}


def test_goods_that_leave_while_they_are_invoiced_get_their_cost(tenant, books):
    with inside(tenant):
        put(books.company, books.tea, "10", "50.00")
        order = books.confirmed(SalesOrderLineInput(item=books.tea, quantity=D(4), invoicing="ordered"))
        draft = create_invoice_for(document=order.pk)
    first, second = books.pair.run(lambda: post_invoice(invoice=draft), lambda: ship(order.pk))
    assert (first.result().state, second.result().state) == ("posted", "done")
    with inside(tenant):
        found = ledger(books.book)
        assert (found["5000"], "1210" in found) == (20, False)
        assert [row for row in reconciliation(company=books.company) if row.difference] == []
