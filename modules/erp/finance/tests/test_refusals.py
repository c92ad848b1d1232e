"""What bad input for the books gets through the API: a code, the field, and nothing changed."""

from datetime import date
from types import SimpleNamespace

import pytest
from django.apps import apps
from tessera.api import current
from tessera.context import acting
from tessera.graph.ids import encode
from tessera.permissions import all_permissions
from tessera.testing.asking import ask
from tessera.testing.contract.answers import member

from modules.base.tests.factories import make_customer, make_item, make_supplier
from modules.erp.finance.models import FiscalPeriod
from modules.erp.finance.services import (
    InvoiceLineInput,
    close_period,
    create_invoice,
    create_payment,
    draft_entry,
    post_payment,
)
from modules.erp.finance.tests.factories import D, account, items_of, lines, make_books, make_invoice, post

pytestmark = pytest.mark.usefixtures("inside")

TOO_LONG = "12345678901234567"
DRAFT = "mutation($input: EntryCreateInput!) { entryCreate(input: $input) { node { id } userErrors { field code } } }"
POST = "mutation($id: ID!) { entryPost(id: $id) { node { id } userErrors { field code } } }"
BILL = "mutation($input: InvoiceCreateInput!) { invoiceCreate(input: $input) { node { id } userErrors { field code } } }"
POST_INVOICE = "mutation($id: ID!) { invoicePost(id: $id) { node { id } userErrors { field code } } }"
PAY = "mutation($input: PaymentCreateInput!) { paymentCreate(input: $input) { node { id } userErrors { field code } } }"
POST_PAYMENT = """mutation($id: ID!, $input: PaymentPostInput) { paymentPost(id: $id, input: $input) {
    node { id } userErrors { field code } } }"""
SETTLE = "mutation($input: AllocationCreateInput!) { allocationCreate(input: $input) { node { id } userErrors { field code } } }"
OPEN_YEAR = (
    "mutation($input: FiscalYearCreateInput!) { fiscalYearCreate(input: $input) { node { id } userErrors { field code } } }"
)
OPEN_BOOKS = (
    "mutation($input: AccountBookCreateInput!) { accountBookCreate(input: $input) { node { id } userErrors { field code } } }"
)
CLOSE = """mutation($id: ID!, $input: FiscalPeriodCloseInput!) { fiscalPeriodClose(id: $id, input: $input) {
    node { id } userErrors { field code } } }"""
WRITE_OFF = """mutation($id: ID!, $input: OpenItemWriteOffInput!) { openItemWriteOff(id: $id, input: $input) {
    node { id } userErrors { field code } } }"""


@pytest.fixture
def books(inside):
    """Books with a customer and a month."""
    company, book = make_books()
    march = FiscalPeriod.objects.get(company=company, year__code="2026", number=3)
    return SimpleNamespace(company=company, book=book, customer=make_customer(company), march=march)


def rows():
    """Return all that the books hold: every row of every model of finance, by its values."""
    return {
        model.__name__: sorted(map(str, model.objects.values_list())) for model in apps.get_app_config("finance").get_models()
    }


def refused(text, **variables):
    """Ask as somebody who may do everything, and check that nothing changed; return the codes with their fields."""
    before = rows()
    with acting(member(*all_permissions(current().modules))):
        body = ask(text, **variables)
    assert rows() == before
    if body.get("errors"):
        return [(error["extensions"]["code"], ".".join(error["extensions"].get("field", ()))) for error in body["errors"]]
    (payload,) = body["data"].values()
    assert payload["node"] is None
    return [(error["code"], ".".join(error["field"] or ())) for error in payload["userErrors"]]


def entry(books, *amounts, code="1010", other="3000", on="2026-03-05", **line):
    """Return the input of an entry that debits the first account and credits the other one."""
    first, second = amounts if len(amounts) == 2 else amounts * 2
    given = [
        {"account": encode("Account", account(books.book, code).pk), "side": "DEBIT", "amount": first, **line},
        {"account": encode("Account", account(books.book, other).pk), "side": "CREDIT", "amount": second},
    ]
    return {"book": encode("AccountBook", books.book.pk), "postingDate": on, "lines": given}


def draft_of(books):
    rows = lines(books.book, ("1010", "debit", "5"), ("3000", "credit", "5"))
    return encode("Entry", draft_entry(book=books.book, posting_date=date(2026, 3, 5), lines=rows).pk)


def test_an_unbalanced_entry(books):
    assert refused(DRAFT, input=entry(books, "100.00", "99.99")) == [("UNBALANCED", "input.lines")]


def test_an_entry_on_a_control_account(books):
    assert refused(DRAFT, input=entry(books, "1", code="1100")) == [
        ("CONTROL", "input.lines.0.account"),
        ("REQUIRED", "input.lines.0.party"),
    ]


def test_money_that_is_no_number(books):
    for amount in ["NaN", "Infinity", "-Infinity", "sNaN", "1e400", "ten"]:
        assert refused(DRAFT, input=entry(books, amount, "5")) == [("BAD_INPUT", "input.lines.0.amount")]


def test_an_amount_of_too_many_digits(books):
    for amount in [TOO_LONG, "1.00001", "0." + "0" * 30 + "1"]:
        found = refused(DRAFT, input=entry(books, amount))
        assert ("INVALID", "input.lines.0.amount") in found
        assert {code for code, _ in found} == {"INVALID"}


def test_other_numbers_of_too_many_digits(books):
    for field in ["rate", "quantity", "amountCurrency"]:
        found = refused(DRAFT, input=entry(books, "5.00", **{field: "1" * 30}))
        assert found == [("INVALID", f"input.lines.0.{field}")]


def test_a_day_that_is_none(books):
    for day in ["0000-01-01", "2026-02-30", "26-02-01", "10000-01-01"]:
        assert refused(DRAFT, input=entry(books, "5.00", on=day)) == [("BAD_INPUT", "input.postingDate")]


def test_a_day_outside_the_fiscal_years(books):
    for day in ["0001-01-01", "2025-12-31", "9999-12-31"]:
        assert refused(DRAFT, input=entry(books, "5.00", on=day)) == [("CLOSED_PERIOD", "input.postingDate")]


def close_march(books):
    for area in ("sales", "purchase", "stock", "ledger"):
        close_period(period=books.march, area=area)


def test_a_new_entry_in_a_closed_period(books):
    close_march(books)
    assert refused(DRAFT, input=entry(books, "5.00")) == [("CLOSED_PERIOD", "input.postingDate")]


def test_an_invoice_and_a_payment_in_a_closed_period(books):
    line = InvoiceLineInput(kind="service", description="Work", unit_price=D("10"), taxes=[])
    draft = create_invoice(
        company=books.company, direction="sale", party=books.customer, lines=[line], document_date=date(2026, 3, 9)
    )
    payment = create_payment(
        company=books.company, party=books.customer, direction="in", side="customer", amount=D(5), posting_date=date(2026, 3, 9)
    )
    close_march(books)
    assert refused(POST_INVOICE, id=encode("Invoice", draft.pk)) == [("CLOSED_PERIOD", "input.postingDate")]
    assert refused(POST_PAYMENT, id=encode("Payment", payment.pk)) == [("CLOSED_PERIOD", "postingDate")]


def test_closing_the_ledger_while_a_draft_waits_or_an_area_is_open(books):
    key = encode("FiscalPeriod", books.march.pk)
    assert refused(CLOSE, id=key, input={"area": "LEDGER"}) == [("STATE", "input.area")]
    for area in ("sales", "purchase", "stock"):
        close_period(period=books.march, area=area)
    draft_of(books)
    assert refused(CLOSE, id=key, input={"area": "LEDGER"}) == [("STATE", "id")]


def test_a_draft_that_was_posted_already(books):
    posted = post(books.book, ("1010", "debit", "5"), ("3000", "credit", "5"))
    assert refused(POST, id=encode("Entry", posted.pk)) == [("STATE", "state")]
    invoice = make_invoice(books.company, books.customer, ("1", "10.00"))
    assert refused(POST_INVOICE, id=encode("Invoice", invoice.pk)) == [("STATE", "state")]


def open_item(books, amount="10.00"):
    [item] = items_of(make_invoice(books.company, books.customer, ("1", amount)))
    return item


def payment_of(books, amount, **values):
    return create_payment(
        company=books.company, party=books.customer, direction="in", side="customer", amount=D(amount),
        posting_date=date(2026, 3, 20), **values,
    )  # fmt: skip


def test_more_than_is_open_and_nothing_at_all(books):
    item, payment = open_item(books), payment_of(books, "20.00")
    for amount, code in [("10.01", "LIMIT"), ("0", "LIMIT"), ("-1", "LIMIT"), ("1" * 20, "LIMIT")]:
        found = refused(
            POST_PAYMENT,
            id=encode("Payment", payment.pk),
            input={"allocations": [{"item": encode("OpenItem", item.pk), "amount": amount}]},
        )
        assert found == [(code, "input.allocations.0.amount")]


def test_an_allocation_beyond_either_item(books):
    item, payment = open_item(books), payment_of(books, "12.00")
    post_payment(payment=payment)
    [advance] = items_of(payment)
    given = {"debitItem": encode("OpenItem", item.pk), "creditItem": encode("OpenItem", advance.pk), "date": "2026-03-21"}
    for amount, code in [("10.01", "LIMIT"), ("0", "INVALID"), ("1.001", "INVALID"), ("1e-30", "INVALID")]:
        assert refused(SETTLE, input={**given, "amount": amount}) == [(code, "input.amount")]
        turned = {**given, "debitItem": given["creditItem"], "creditItem": given["debitItem"]}
        assert refused(SETTLE, input=turned) == [("INVALID", "input.creditItem")]


def test_an_item_that_is_named_twice_or_of_another_company(books):
    item, payment = open_item(books), payment_of(books, "20.00")
    key = encode("OpenItem", item.pk)
    twice = {"allocations": [{"item": key, "amount": "4.00"}, {"item": key, "amount": "6.00"}]}
    assert refused(POST_PAYMENT, id=encode("Payment", payment.pk), input=twice) == [("INVALID", "input.allocations.1.item")]
    other, _ = make_books(code="SUB")
    [foreign] = items_of(make_invoice(other, make_customer(other, "Other"), ("1", "10.00")))
    theirs = {"allocations": [{"item": encode("OpenItem", foreign.pk)}]}
    assert refused(POST_PAYMENT, id=encode("Payment", payment.pk), input=theirs) == [("INVALID", "input.allocations.0.item")]


def test_a_write_off_of_more_than_is_open(books):
    item = open_item(books)
    given = {"amount": "10.01", "date": "2026-03-20"}
    assert refused(WRITE_OFF, id=encode("OpenItem", item.pk), input=given) == [("LIMIT", "input.amount")]
    assert refused(WRITE_OFF, id=encode("OpenItem", item.pk), input={**given, "amount": "1.001"}) == [("INVALID", "input.amount")]


def invoice_input(books, **line):
    given = {"kind": "SERVICE", "description": "Work", "unitPrice": "10.00", "taxes": [], **line}
    return {
        "company": encode("Company", books.company.pk),
        "direction": "SALE",
        "party": encode("Party", books.customer.pk),
        "lines": [given],
    }


def test_numbers_of_an_invoice_that_nobody_can_mean(books):
    for line, field in [
        ({"unitPrice": "1" * 15}, "unitPrice"),
        ({"unitPrice": "1." + "1" * 11}, "unitPrice"),
        ({"quantity": "1" * 19}, "quantity"),
        ({"quantity": "1.1234567"}, "quantity"),
        ({"quantity": "0"}, "quantity"),
        ({"quantity": "-1"}, "quantity"),
        ({"discount": "1.5"}, "discount"),
        ({"discount": "-0.1"}, "discount"),
        ({"discount": "5000"}, "discount"),
        ({"quantity": "9" * 17, "unitPrice": "9" * 13}, "unitPrice"),
    ]:
        assert refused(BILL, input=invoice_input(books, **line)) == [("INVALID", f"input.lines.0.{field}")]


def test_an_invoice_that_cannot_be(books):
    for values, field in [
        ({"rate": "0"}, "rate"),
        ({"rate": "-7"}, "rate"),
        ({"rate": "1" * 13}, "rate"),
        ({"documentDate": "9999-12-31"}, "documentDate"),
        ({"documentDate": "0001-01-01"}, "documentDate"),
        ({"currency": "dollars"}, "currency"),
        ({"reference": "x" * 101}, "reference"),
        ({"kind": "CREDIT_NOTE"}, "kind"),
    ]:
        assert refused(BILL, input={**invoice_input(books), **values}) == [("INVALID", f"input.{field}")]


def test_a_currency_without_a_rate_and_an_invoice_without_lines(books):
    assert refused(BILL, input={**invoice_input(books), "currency": "EUR"}) == [("NO_RATE", "input.rate")]
    assert refused(BILL, input={**invoice_input(books), "lines": []}) == [("REQUIRED", "input.lines")]


def test_a_bill_of_a_receipt_that_nobody_knows(books):
    tea, sam = make_item(), make_supplier(books.company)
    nowhere = "0b7a2f7e-1111-4222-8333-444455556666"
    line = {"kind": "ITEM", "item": encode("Item", tea.pk), "receipt": nowhere, "receiptLine": nowhere}
    given = {**invoice_input(books, **line), "direction": "PURCHASE", "party": encode("Party", sam.pk)}
    assert refused(BILL, input=given) == [("NOT_FOUND", "input.lines.0.receiptLine")]


def test_a_payment_that_cannot_be(books):
    for values, code, field in [
        ({"amount": "0"}, "INVALID", "amount"),
        ({"amount": "-5"}, "INVALID", "amount"),
        ({"amount": "5.001"}, "INVALID", "amount"),
        ({"amount": "1" * 30}, "INVALID", "amount"),
        ({"amount": "5", "rate": "0"}, "INVALID", "rate"),
        ({"amount": "5", "rate": "1" * 13}, "INVALID", "rate"),
        ({"amount": "5", "currency": "EUR"}, "NO_RATE", "rate"),
        ({"amount": "5", "documentDate": "9999-12-31"}, "INVALID", "documentDate"),
        ({"amount": "5", "reference": "x" * 101}, "INVALID", "reference"),
    ]:
        given = {
            "company": encode("Company", books.company.pk),
            "party": encode("Party", books.customer.pk),
            "direction": "IN",
            "side": "CUSTOMER",
            "postingDate": "2026-03-09",
            **values,
        }
        assert refused(PAY, input=given) == [(code, f"input.{field}")]


def test_a_fiscal_year_that_cannot_be(books):
    for start in ["2026-03-15", "9999-01-01", "0001-01-01"]:
        given = {"company": encode("Company", books.company.pk), "start": start}
        assert refused(OPEN_YEAR, input=given) == [("INVALID", "input.start")]


def test_a_fiscal_year_over_another_one(books):
    given = {"company": encode("Company", books.company.pk), "start": "2026-07-01"}
    [(code, _field)] = refused(OPEN_YEAR, input=given)
    assert code == "CONFLICT"


def test_books_that_cannot_be_opened(books):
    given = {"company": encode("Company", books.company.pk), "chartCode": "us", "code": "second"}
    assert refused(OPEN_BOOKS, input=given) == [("UNIQUE", "input.company")]
    assert refused(OPEN_BOOKS, input={**given, "leading": False, "chartCode": "nowhere"}) == [("INVALID", "input.chartCode")]
