"""Invoices, payments and what is open between them, in one currency and in two."""

from datetime import date

import pytest
from django.db import IntegrityError, connection, transaction
from tessera.testing.asking import ask

from modules.base.api import open_receivables
from modules.base.tests.factories import make_customer, make_supplier, make_tax
from modules.erp.finance.models import Allocation, FiscalPeriod, Invoice, OpenItem, TaxLine
from modules.erp.finance.selectors import ageing, open_amounts, payment_states, trial_balance
from modules.erp.finance.services import (
    AllocationInput,
    CreditLineInput,
    InvoiceLineInput,
    allocate_items,
    create_payment,
    credit_invoice,
    post_invoice,
    post_payment,
    revalue_currency,
    reverse_invoice,
    reverse_payment,
    undo_allocation,
    write_off,
)
from modules.erp.finance.tests.factories import (
    D,
    assert_reconciled,
    items_of,
    ledger,
    make_books,
    make_invoice,
    pay,
    put_rate,
    refused,
    turnovers,
)

pytestmark = pytest.mark.usefixtures("inside")


def make_chinese():
    company, book = make_books(code="SH", currency="CNY", chart_code="cn_small")
    put_rate("USD", "CNY", "7.10", date(2026, 3, 10))
    put_rate("USD", "CNY", "7.02", date(2026, 3, 20))
    return company, book, make_customer(company)


def test_a_dollar_invoice_settled_in_two_parts_at_another_rate_leaves_nothing():
    company, book, customer = make_chinese()
    invoice = make_invoice(company, customer, ("1", "1000.00"), currency="USD")
    assert (invoice.rate, invoice.number) == (D("7.10"), "INV-2026-00001")
    [item] = items_of(invoice)
    assert (item.amount, item.amount_company) == (D(1000), D(7100))
    pay(company, customer, "333.33", item, currency="USD")
    item.refresh_from_db()
    assert (item.residual, item.residual_company) == (D("666.67"), D("4733.36"))
    pay(company, customer, "666.67", item, currency="USD")
    item.refresh_from_db()
    assert (item.residual, item.residual_company) == (0, 0)
    # 333.33 x 7.02 = 2339.98 and 666.67 x 7.02 = 4680.02: 7020.00 came in for 7100.00
    assert ledger(book) == {"1002": D("7020.0000"), "5001": D("-7100.0000"), "560303": D("80.0000")}
    assert [a.debit_company - a.credit_company for a in Allocation.objects.order_by("id")] == [D("26.66"), D("53.34")]
    assert_reconciled(company)


def test_what_is_open_is_what_the_customer_owes():
    company, book = make_books()
    customer = make_customer(company)
    invoice = make_invoice(company, customer, ("2", "50.00"))
    assert open_receivables(party=customer.pk, company=company.pk) == 100
    assert (open_amounts(ids=[invoice.pk]), payment_states(ids=[invoice.pk])) == (
        {invoice.pk: D(100)},
        {invoice.pk: Invoice.PaymentState.OPEN},
    )
    payment = pay(company, customer, "30.00", *items_of(invoice))
    assert (payment.number, payment_states(ids=[invoice.pk])) == (
        "RCT-2026-00001",
        {invoice.pk: Invoice.PaymentState.PARTLY_PAID},
    )
    pay(company, customer, "70.00", *items_of(invoice))
    assert payment_states(ids=[invoice.pk]) == {invoice.pk: Invoice.PaymentState.PAID}
    (told,) = ask("{ invoices { nodes { paymentState } } }")["data"]["invoices"]["nodes"]
    assert told == {"paymentState": "PAID"}
    assert open_receivables(party=customer.pk, company=company.pk) == 0
    assert ledger(book) == {"1010": D(100), "4100": D(-100)}


def test_an_invoice_is_posted_once():
    company, _ = make_books()
    invoice = make_invoice(company, make_customer(company), ("1", "10.00"))
    with refused("STATE", "state"):
        post_invoice(invoice=invoice)
    assert OpenItem.objects.count() == 1


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE finance_invoice SET gross_total = 1 WHERE id = %s",
        "UPDATE finance_invoice SET state = 'draft' WHERE id = %s",
        "UPDATE finance_invoice SET number = 'INV-1' WHERE id = %s",
        "DELETE FROM finance_invoice WHERE id = %s",
        "UPDATE finance_invoiceline SET net = 1 WHERE document_id = %s",
        "DELETE FROM finance_invoicetax WHERE document_id = %s",
        "UPDATE finance_invoicetax SET amount = 1 WHERE document_id = %s",
        "UPDATE finance_payment SET amount = 1 WHERE party_id = (SELECT party_id FROM finance_invoice WHERE id = %s)",
        "DELETE FROM finance_payment WHERE party_id = (SELECT party_id FROM finance_invoice WHERE id = %s)",
    ],
)
def test_a_posted_document_is_frozen(statement):
    company, _ = make_books()
    customer, tax = make_customer(company), make_tax(rate="0.10")
    line = InvoiceLineInput(description="Tea", kind="service", unit_price=D("30"), taxes=[tax])
    invoice = make_invoice(company, customer, line)
    pay(company, customer, "33.00", *items_of(invoice))
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("UPDATE finance_invoice SET note = 'called them' WHERE id = %s", [invoice.pk])
    with pytest.raises(IntegrityError, match="posted"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement, [invoice.pk])


def test_more_than_is_open_is_not_settled():
    company, _ = make_books()
    customer = make_customer(company)
    invoice = make_invoice(company, customer, ("1", "10.00"))
    [item] = items_of(invoice)
    payment = create_payment(
        company=company, party=customer, direction="in", side="customer", amount=D("20"), posting_date=date(2026, 3, 20)
    )
    with refused("LIMIT", "allocations.0.amount"):
        post_payment(payment=payment, allocations=[AllocationInput(item=item, amount=D("10.01"))])
    payment.refresh_from_db()
    assert payment.state == "draft"
    with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("UPDATE finance_openitem SET residual = -0.01 WHERE id = %s", [item.pk])
    post_payment(payment=payment, allocations=[AllocationInput(item=item)])
    [advance] = items_of(payment)[1:] or [i for i in items_of(payment) if i.kind == "advance"]
    item.refresh_from_db()
    with refused("LIMIT", "amount"):
        allocate_items(debit_item=item, credit_item=advance, date=date(2026, 3, 21))


def test_a_payment_without_an_invoice_is_an_advance_and_no_revenue():
    company, book = make_books()
    customer = make_customer(company)
    payment = pay(company, customer, "40.00")
    [advance] = items_of(payment)
    assert (advance.kind, advance.amount) == ("advance", D(-40))
    assert ledger(book) == {"1010": D(40), "2200": D(-40)}
    invoice = make_invoice(company, customer, ("1", "100.00"))
    allocate_items(debit_item=items_of(invoice)[0], credit_item=advance, date=date(2026, 3, 21))
    assert ledger(book) == {"1010": D(40), "1100": D(60), "4100": D(-100)}
    assert open_receivables(party=customer.pk, company=company.pk) == 60
    assert_reconciled(company)


def test_an_undone_settlement_opens_both_again():
    company, book, customer = make_chinese()
    invoice = make_invoice(company, customer, ("1", "100.00"), currency="USD")
    payment = pay(company, customer, "100.00", *items_of(invoice), currency="USD")
    before = Allocation.objects.get()
    undo_allocation(allocation=before, reason="wrong invoice")
    assert [item.residual for item in (*items_of(invoice), *items_of(payment))] == [D(100), D(-100)]
    assert ledger(book) == {"1002": D(702), "1122": D(8), "5001": D(-710)}
    with refused("STATE"):
        undo_allocation(allocation=before)
    with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("DELETE FROM finance_allocation WHERE id = %s", [before.pk])
    assert_reconciled(company)


def test_a_bounced_payment_leaves_turnovers_net():
    company, book = make_books()
    customer = make_customer(company)
    invoice = make_invoice(company, customer, ("1", "100.00"))
    payment = pay(company, customer, "100.00", *items_of(invoice))
    reverse_payment(payment=payment, reason="bounced")
    assert turnovers(book, "1010") == (0, 0)
    assert ledger(book) == {"1100": D(100), "4100": D(-100)}
    assert [item.residual for item in items_of(invoice)] == [D(100)]
    assert all(item.residual == 0 for item in items_of(payment))
    assert_reconciled(company)


def test_thirds_of_a_hundred_credited_whole_leave_nothing():
    company, book = make_books()
    customer, tax = make_customer(company), make_tax(rate="0.0725")
    line = InvoiceLineInput(description="Tea", kind="service", quantity=D(3), unit_price=D("33.3333"), taxes=[tax])
    invoice = make_invoice(company, customer, line)
    assert (invoice.net_total, invoice.tax_total) == (D("100.00"), D("7.25"))
    [original] = invoice.lines.all()
    notes = []
    for _ in range(3):
        note = credit_invoice(invoice=invoice, lines=[CreditLineInput(line=original, quantity=D(1))])
        notes.append(post_invoice(invoice=note))
    assert [note.net_total for note in notes] == [D("-33.33"), D("-33.34"), D("-33.33")]
    assert [note.tax_total for note in notes] == [D("-2.42"), D("-2.42"), D("-2.41")]
    assert ledger(book) == {}
    assert turnovers(book, "1100") == (0, 0)
    assert sum(row.amount for row in TaxLine.objects.all()) == 0
    assert [item.residual for item in items_of(invoice)] == [0]
    with refused("LIMIT", "lines.0.quantity"):
        credit_invoice(invoice=invoice, lines=[CreditLineInput(line=original, quantity=D(1))])
    assert_reconciled(company)


def test_a_credit_without_goods_is_an_amount_at_the_old_tax():
    company, book = make_books()
    customer, tax = make_customer(company), make_tax(rate="0.10")
    line = InvoiceLineInput(description="Tea", kind="service", quantity=D(3), unit_price=D("30"), taxes=[tax])
    invoice = make_invoice(company, customer, line)
    [original] = invoice.lines.all()
    note = post_invoice(invoice=credit_invoice(invoice=invoice, lines=[CreditLineInput(line=original, amount=D("20.00"))]))
    assert (note.number, note.gross_total, note.lines.get().quantity) == ("CN-2026-00001", D("-22.00"), 0)
    with refused("LIMIT", "lines.0.amount"):
        credit_invoice(invoice=invoice, lines=[CreditLineInput(line=original, amount=D("70.01"))])
    rest = post_invoice(invoice=credit_invoice(invoice=invoice))
    assert (rest.net_total, rest.tax_total) == (D("-70.00"), D("-7.00"))
    assert ledger(book) == {}


def test_a_reversed_invoice_leaves_nothing():
    company, book = make_books()
    invoice = make_invoice(company, make_customer(company), ("1", "100.00"))
    reverse_invoice(invoice=invoice, reason="wrong customer")
    assert Invoice.objects.get(pk=invoice.pk).state == "reversed"
    assert ledger(book) == {}
    with refused("STATE"):
        reverse_invoice(invoice=invoice, reason="again")


def test_the_residual_of_conversion_goes_to_the_largest_line_never_to_tax():
    company, book, customer = make_chinese()
    tax = make_tax(rate="0.13")
    rows = [
        InvoiceLineInput(description=str(price), kind="service", unit_price=D(price), taxes=[tax])
        for price in ("0.05", "0.05", "9.99")
    ]
    make_invoice(company, customer, *rows, currency="USD")
    # nets 0.05 0.05 9.99 and tax 0.01 0.01 1.30: gross 11.41 x 7.10 = 81.01, tax 0.07 + 0.07 + 9.23 = 9.37
    assert ledger(book) == {"1122": D("81.0100"), "22210106": D("-9.3700"), "5001": D("-71.6400")}


def test_a_term_in_instalments_opens_an_item_for_each():
    from tessera.unit_of_work import unit_of_work

    from modules.base.models import PaymentTerm, PaymentTermLine

    company, _ = make_books()
    with unit_of_work():
        term = PaymentTerm(code="3x", name="three parts")
        term.save()
        for place, share in enumerate(("0.333333", "0.333333", "0.333334"), start=1):
            PaymentTermLine(term=term, position=place, share=D(share), days=30 * place).save()
    invoice = make_invoice(company, make_customer(company), ("1", "100.00"), payment_term=term)
    assert [(item.due_date, item.amount) for item in items_of(invoice)] == [
        (date(2026, 4, 9), D("33.33")),
        (date(2026, 5, 9), D("33.33")),
        (date(2026, 6, 8), D("33.34")),
    ]


def test_ageing_counts_days_past_due_and_looks_back():
    company, _ = make_books()
    customer = make_customer(company)
    invoice = make_invoice(company, customer, ("1", "100.00"), on=date(2026, 1, 10))
    pay(company, customer, "40.00", *items_of(invoice), on=date(2026, 3, 1))
    [row] = ageing(company=company, on=date(2026, 3, 5)).rows
    assert (row.to_60, row.total) == (D(60), D(60))
    [row] = ageing(company=company, on=date(2026, 2, 5)).rows
    assert (row.to_30, row.total) == (D(100), D(100))


def test_a_bill_is_paid_and_a_small_rest_written_off():
    company, book = make_books()
    supplier = make_supplier(company)
    bill = make_invoice(company, supplier, ("1", "100.00"), direction="purchase")
    assert bill.number == "BILL-2026-00001"
    [item] = items_of(bill)
    assert item.amount == -100
    pay(company, supplier, "99.98", item, direction="out", side="supplier")
    item.refresh_from_db()
    write_off(item=item, date=date(2026, 3, 21), rounding=True)
    item.refresh_from_db()
    assert item.residual == 0
    assert ledger(book) == {"1010": D("-99.98"), "6100": D(100), "6900": D("-0.02")}
    assert_reconciled(company)


def test_revaluation_is_taken_back_on_the_first_day_of_the_next_period():
    company, book, customer = make_chinese()
    put_rate("USD", "CNY", "7.30", date(2026, 3, 31))
    make_invoice(company, customer, ("1", "100.00"), currency="USD")
    march = FiscalPeriod.objects.get(company=company, year__code="2026", number=3)
    at_end, taken_back = revalue_currency(period=march)
    assert (at_end.posting_date, taken_back.posting_date) == (date(2026, 3, 31), date(2026, 4, 1))
    rows = {row.account.code: row.closing for row in trial_balance(book=book, start=date(2026, 3, 1), end=date(2026, 3, 31)).rows}
    assert rows["1122"] == D(730)
    assert ledger(book) == {"1122": D(710), "5001": D(-710)}
    with refused("STATE", "period"):
        revalue_currency(period=march)


def test_cash_in_foreign_currency_is_revalued_and_an_advance_is_not():
    company, book, customer = make_chinese()
    put_rate("USD", "CNY", "7.30", date(2026, 3, 31))
    pay(company, customer, "100.00", currency="USD")
    march = FiscalPeriod.objects.get(company=company, year__code="2026", number=3)
    revalue_currency(period=march)
    rows = {row.account.code: row.closing for row in trial_balance(book=book, start=date(2026, 3, 1), end=date(2026, 3, 31)).rows}
    assert rows == {"1002": D(730), "220301": D(-702), "560303": D(-28)}
    assert ledger(book) == {"1002": D(702), "220301": D(-702)}
