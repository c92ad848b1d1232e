"""Who is billed, with which tax numbers, by which invoices."""

import pytest

from billing.models import Customer, Instruction
from tests.billing.services import words
from tests.billing.services.paying import codes

CONTACT = {"name": "Acme GmbH", "email": "bills@acme.example", "line1": "Ring 1", "city": "Wien", "country": "at"}


def wrong(answer):
    return [(error["code"], ".".join(error["field"])) for error in answer["userErrors"]]


def test_invoices_are_made_out_to_whom_the_company_says(payer):
    assert payer.ada.data(words.SET_CONTACT, input=CONTACT)["it"]["result"] == {
        "name": "Acme GmbH",
        "email": "bills@acme.example",
        "line1": "Ring 1",
        "city": "Wien",
        "country": "AT",
    }
    payer.subscribes("custom")
    (invoice,) = payer.shop.v1.invoices.list().data
    assert (invoice.customer_name, invoice.customer_email, invoice.customer_address.city) == (
        "Acme GmbH",
        "bills@acme.example",
        "Wien",
    )
    shown = payer.ada.data(words.CONTACT)["it"]
    assert (shown["name"], shown["line2"], shown["postalCode"]) == ("Acme GmbH", "", "")


@pytest.mark.parametrize(
    ("given", "found"),
    [
        ({"name": " "}, ("REQUIRED", "input.name")),
        ({"email": ""}, ("REQUIRED", "input.email")),
        ({"email": "bills"}, ("INVALID", "input.email")),
        ({"country": "Austria"}, ("INVALID", "input.country")),
        ({"line1": "x" * 201}, ("INVALID", "input.line1")),
    ],
)
def test_a_contact_that_is_none_is_refused_by_its_field(payer, given, found):
    assert wrong(payer.ada.data(words.SET_CONTACT, input=CONTACT | given)["it"]) == [found]
    assert not Instruction.objects.exists()


def test_a_tax_number_is_checked_listed_once_and_removed(payer):
    def add(type, value):
        return payer.ada.data(words.ADD_TAX_ID, type=type, value=value)["it"]

    made = add("eu_vat", " atu12345678 ")["result"]
    assert made == {"id": made["id"], "type": "eu_vat", "value": "ATU12345678", "country": "AT", "status": "verified"}
    assert add("eu_vat", "ATU12345678")["result"] == made
    assert payer.ada.data(words.TAX_IDS) == {"it": [made]}
    assert wrong(add("eu_vat", "AT1")) == [("INVALID", "input.value")]
    assert wrong(add("xx_vat", "AT1")) == [("INVALID", "input.type")]
    assert payer.ada.data(words.REMOVE_TAX_ID, id=made["id"])["it"] == {"result": [], "userErrors": []}
    assert wrong(payer.ada.data(words.REMOVE_TAX_ID, id=made["id"])["it"]) == [("NOT_FOUND", "input.id")]
    assert add("eu_vat", "ATU12345678")["result"]["id"] != made["id"]


def test_with_stripe_away_a_tax_number_is_told_to_come_again_and_then_there_once(shop, acme, ada):
    def add():
        return ada.ask(words.ADD_TAX_ID, type="eu_vat", value="ATU12345678")

    shop.stripe.faults(outage="refuse")
    for _ in range(2):
        (error,) = add()["errors"]
        assert (error["extensions"]["code"], error["extensions"]["reason"]) == ("TIMEOUT", "UNREACHABLE")
    shop.stripe.faults()
    made = add()["data"]["it"]["result"]
    (customer,) = shop.v1.customers.list().data
    assert [each.id for each in shop.v1.customers.tax_ids.list(customer.id).data] == [made["id"]]


def test_a_tax_number_of_another_company_is_not_found(payer):
    other = payer.shop.v1.customers.create({"name": "Other"})
    theirs = payer.shop.v1.customers.tax_ids.create(other.id, {"type": "eu_vat", "value": "ATU87654321"})
    assert codes(payer.ada.data(words.REMOVE_TAX_ID, id=theirs.id)["it"]) == ["NOT_FOUND"]
    assert payer.shop.v1.customers.tax_ids.list(other.id).data[0].id == theirs.id


def test_invoices_are_listed_page_by_page_with_their_documents(payer):
    payer.subscribes("custom")
    payer.change(payer.preview(seats=3)["token"])
    first = payer.ada.data(words.INVOICES, first=1)["it"]
    second = payer.ada.data(words.INVOICES, first=1, after=first["nodes"][0]["id"])["it"]
    assert (first["more"], second["more"]) == (True, False)
    assert [(page["nodes"][0]["total"], page["nodes"][0]["status"]) for page in (first, second)] == [
        ("16", "PAID"),
        ("9", "PAID"),
    ]
    for page in (first, second):
        assert page["nodes"][0]["page"].startswith(payer.shop.stripe.url)
        assert page["nodes"][0]["pdf"].startswith(payer.shop.stripe.url)
    assert payer.ada.codes(words.INVOICES, first=0) == ["BAD_INPUT"]
    assert payer.ada.codes(words.INVOICES, after="in_none") == ["BAD_CURSOR"]


def test_the_next_invoice_is_told_and_the_last_has_but_what_was_used(payer):
    payer.subscribes("custom", "seat.custom*2")
    following = payer.ada.data(words.NEXT)["it"]
    assert (following["currency"], following["total"], following["due"]) == ("USD", "25", "25")
    payer.ada.data("mutation { billingCancel { userErrors { code } } }")
    assert payer.ada.data(words.NEXT)["it"]["total"] == "0"


@pytest.mark.parametrize("key", ["sk_test_local", ""])
def test_a_company_that_never_bought_has_nothing_to_show_nor_has_one_where_nothing_is_sold(shop, ada, settings, key):
    settings.STRIPE_API_KEY = key
    for document, nothing in (
        (words.SHOW, None),
        (words.NEXT, None),
        (words.CONTACT, None),
        (words.TAX_IDS, []),
        (words.INVOICES, {"more": False, "nodes": []}),
    ):
        assert ada.data(document) == {"it": nothing}
    assert codes(ada.data(words.PORTAL)["it"]) == ["STATE"]
    assert not Customer.objects.exists()


def test_the_portal_is_the_companys_own_and_new_each_time(payer):
    first, second = (payer.ada.data(words.PORTAL)["it"]["result"]["url"] for _ in range(2))
    assert first.startswith(f"{payer.shop.stripe.url}/p/session/")
    assert second != first
    (session, _other) = payer.shop.stripe.local.store.of("billing_portal.session")
    assert (session["customer"], session["return_url"]) == (payer.customer.stripe_id, "http://acme.localhost:8000/")
