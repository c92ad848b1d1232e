"""Whatever is done in whatever order, the books balance and every control account is its subledger."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tessera.api import Refused

from modules.base.tests.factories import make_customer
from modules.erp.finance.models import Allocation, Invoice, OpenItem, Payment
from modules.erp.finance.selectors import chain_check
from modules.erp.finance.services import allocate_items, credit_invoice, post_invoice, reverse_payment, undo_allocation
from modules.erp.finance.tests.factories import assert_reconciled, ledger, make_books, make_invoice, pay, put_rate

pytestmark = pytest.mark.usefixtures("inside")
FIRST = date(2026, 3, 1)
amounts = st.decimals(min_value=Decimal("0.01"), max_value=Decimal("9999.99"), places=2)
steps = st.lists(
    st.tuples(
        st.sampled_from(("invoice", "pay", "advance", "allocate", "credit", "undo", "bounce")),
        amounts,
        st.integers(0, 6),
        st.integers(0, 9),
    ),
    min_size=3,
    max_size=10,
)


class Books:
    """A Chinese company that sells in dollars, and what can happen to it."""

    def __init__(self):
        self.company, self.book = make_books(code="SH", currency="CNY", chart_code="cn_small")
        self.customer = make_customer(self.company)
        for day, rate in enumerate(("7.10", "7.0213", "7.2", "6.99", "7.1111", "7.05", "7.0001")):
            put_rate("USD", "CNY", rate, FIRST + timedelta(days=day))

    def do(self, verb, amount, day, pick):
        on = FIRST + timedelta(days=day)
        owed = list(OpenItem.objects.filter(residual__gt=0).order_by("id"))
        given = list(OpenItem.objects.filter(residual__lt=0).order_by("id"))
        if verb == "invoice":
            make_invoice(self.company, self.customer, ("1", amount), currency="USD", on=on)
        elif verb == "pay":
            pay(self.company, self.customer, amount, *owed[: 1 + pick % 3], currency="USD", on=on)
        elif verb == "advance":
            pay(self.company, self.customer, amount, currency="USD", on=on)
        elif verb == "allocate" and owed and given:
            debit, credit = owed[pick % len(owed)], given[pick % len(given)]
            allocate_items(debit_item=debit, credit_item=credit, amount=min(amount, debit.residual, -credit.residual), date=on)
        elif verb == "credit" and (invoices := list(Invoice.objects.filter(kind="invoice").order_by("id"))):
            post_invoice(invoice=credit_invoice(invoice=invoices[pick % len(invoices)], document_date=on))
        elif verb == "undo" and (rows := list(Allocation.objects.filter(reverses=None, reversed_by=None).order_by("id"))):
            undo_allocation(allocation=rows[pick % len(rows)])
        elif verb == "bounce" and (rows := list(Payment.objects.filter(state="posted").order_by("id"))):
            reverse_payment(payment=rows[pick % len(rows)], reason="bounced")


class _Over(Exception):
    pass


@settings(max_examples=10, deadline=None, suppress_health_check=list(HealthCheck))
@given(steps=steps)
def test_the_books_hold_after_every_step(steps):
    try:
        with transaction.atomic():
            books = Books()
            for step in steps:
                try:
                    books.do(*step)
                except Refused as refusal:
                    assert refusal.problems[0].code in ("LIMIT", "INVALID", "STATE"), refusal.problems
                ledger(books.book)
                assert_reconciled(books.company)
            assert chain_check(book=books.book).intact
            raise _Over
    except _Over:
        pass
