"""The protocol: forms, errors, pages, expansion, idempotency, versions. Asked by the SDK, and by hand where it has no say."""

import json
import threading
import urllib.error
import urllib.request
from typing import Any

import pytest
import stripe

from billing.local_stripe import forms
from billing.local_stripe.errors import StripeError


def ask(local: Any, method: str, path: str, body: str = "", **headers: str) -> tuple[int, dict[str, str], Any]:
    """Ask by hand: status, headers, body."""
    told = {"Authorization": "Bearer sk_test_local", **{name.replace("_", "-"): value for name, value in headers.items()}}
    request = urllib.request.Request(local.url + path, body.encode() or None, told, method=method)
    try:
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request) as answer:
            return answer.status, dict(answer.headers), json.loads(answer.read())
    except urllib.error.HTTPError as error:
        return error.code, dict(error.headers), json.loads(error.read())


def test_forms_become_mappings_and_lists() -> None:
    text = "a=1&b[c]=2&b[d][e]=3&l[1][x]=second&l[0][x]=first&m[]=p&m[]=q&metadata[two%20words]=%26&empty="
    assert forms.decode(text) == {
        "a": "1",
        "b": {"c": "2", "d": {"e": "3"}},
        "l": [{"x": "first"}, {"x": "second"}],
        "m": ["p", "q"],
        "metadata": {"two words": "&"},
        "empty": "",
    }
    with pytest.raises(StripeError, match="both a value and a mapping"):
        forms.decode("a=1&a[b]=2")


@pytest.mark.parametrize(
    ("call", "code", "param", "status"),
    [
        (lambda v1: v1.customers.retrieve("cus_nobody"), "resource_missing", "id", 404),
        (lambda v1: v1.customers.create({"nmae": "ada"}), "parameter_unknown", "nmae", 400),
        (lambda v1: v1.customers.create({"balance": "much"}), "parameter_invalid_integer", "balance", 400),
        (lambda v1: v1.subscriptions.create({"customer": "cus_1"}), "parameter_missing", "items", 400),
        (
            lambda v1: v1.subscriptions.create({"customer": "cus_1", "items": [{"price": "x"}]}),
            "resource_missing",
            "customer",
            400,
        ),
        (lambda v1: v1.prices.create({"currency": "usd", "product": "prod_1"}), None, "unit_amount", 400),
        (lambda v1: v1.customers.list({"limit": 101}), None, "limit", 400),
        (lambda v1: v1.customers.list({"starting_after": "cus_nobody"}), "resource_missing", "starting_after", 400),
        (lambda v1: v1.customers.create({}, {"stripe_version": "yesterday"}), None, None, 400),
    ],
)
def test_bad_requests_name_what_is_wrong(v1: Any, call: Any, code: str | None, param: str | None, status: int) -> None:
    with pytest.raises(stripe.InvalidRequestError) as told:
        call(v1)
    assert (told.value.code, told.value.param, told.value.http_status) == (code, param, status)


def test_an_inner_parameter_is_named_with_its_path(v1: Any, shop: Any) -> None:
    price = shop.price("Seat", 100)
    with pytest.raises(stripe.InvalidRequestError) as told:
        v1.subscriptions.create({"customer": shop.customer(), "items": [{"price": price}, {"price": "price_none"}]})
    assert (told.value.code, told.value.param) == ("resource_missing", "items[1][price]")


def test_only_test_keys_are_let_in(local: Any) -> None:
    other = stripe.StripeClient("sk_live_1", base_addresses={"api": local.url})
    with pytest.raises(stripe.AuthenticationError):
        other.v1.customers.list()
    status, _, body = ask(local, "GET", "/v1/customers", Authorization="")
    assert (status, body["error"]["type"]) == (401, "invalid_request_error")


def test_what_is_kept_of_connected_accounts_is_not_mixed_up_with_the_platforms(v1: Any) -> None:
    with pytest.raises(stripe.InvalidRequestError, match="nothing else of theirs"):
        v1.customers.create({}, {"stripe_account": "acct_1"})


def test_an_unknown_url_is_not_found(local: Any) -> None:
    status, _, body = ask(local, "POST", "/v1/nonsense")
    assert (status, body["error"]["message"]) == (404, "Unrecognized request URL (POST: /v1/nonsense).")


def test_the_same_key_gives_the_same_answer(local: Any, v1: Any) -> None:
    first = v1.customers.create({"email": "ada@example.com"}, {"idempotency_key": "one"})
    again = v1.customers.create({"email": "ada@example.com"}, {"idempotency_key": "one"})
    assert again.id == first.id
    assert "Idempotent-Replayed" not in first.last_response.headers
    assert again.last_response.headers["Idempotent-Replayed"] == "true"
    assert len(v1.customers.list().data) == 1


def test_the_same_key_with_other_parameters_is_an_error(v1: Any) -> None:
    v1.customers.create({"email": "ada@example.com"}, {"idempotency_key": "one"})
    with pytest.raises(stripe.IdempotencyError) as told:
        v1.customers.create({"email": "bob@example.com"}, {"idempotency_key": "one"})
    assert told.value.http_status == 400
    with pytest.raises(stripe.IdempotencyError):
        v1.products.create({"name": "One"}, {"idempotency_key": "one"})


def test_one_key_in_many_threads_makes_one(local: Any, v1: Any) -> None:
    made: list[str] = []
    threads = [
        threading.Thread(target=lambda: made.append(v1.customers.create({"name": "x"}, {"idempotency_key": "one"}).id))
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(made), len(set(made)), len(v1.customers.list().data)) == (8, 1, 1)


def test_a_key_is_kept_for_a_day(local: Any, v1: Any) -> None:
    first = v1.customers.create({}, {"idempotency_key": "one"})
    local.advance(days=1, seconds=1)
    assert v1.customers.create({}, {"idempotency_key": "one"}).id != first.id


def test_a_declined_card_is_remembered_and_a_bad_request_is_not(v1: Any, shop: Any) -> None:
    price, customer = shop.price("Seat", 100), shop.customer("pm_card_chargeCustomerFail")
    asked = {"customer": customer, "items": [{"price": price}], "payment_behavior": "error_if_incomplete"}
    for _ in range(2):
        with pytest.raises(stripe.CardError):
            v1.subscriptions.create(asked, {"idempotency_key": "declined"})
        v1.customers.update(customer, {"invoice_settings": {"default_payment_method": "pm_card_visa"}})
    assert v1.subscriptions.list({"status": "all"}).data == []
    assert v1.subscriptions.create(asked, {"idempotency_key": "another"}).status == "active"
    with pytest.raises(stripe.InvalidRequestError):
        v1.customers.create({"balance": "much"}, {"idempotency_key": "bad"})
    assert v1.customers.create({"balance": 5}, {"idempotency_key": "bad"}).balance == 5


def test_lists_are_paged_both_ways_and_by_the_sdk_itself(v1: Any) -> None:
    made = [v1.customers.create({"email": f"{number}@example.com"}).id for number in range(25)]
    newest = made[::-1]
    first = v1.customers.list()
    assert ([row.id for row in first.data], first.has_more) == (newest[:10], True)
    second = v1.customers.list({"starting_after": newest[9], "limit": 20})
    assert ([row.id for row in second.data], second.has_more) == (newest[10:], False)
    back = v1.customers.list({"ending_before": newest[15], "limit": 5})
    assert ([row.id for row in back.data], back.has_more) == (newest[10:15], True)
    assert [row.id for row in v1.customers.list({"limit": 7}).auto_paging_iter()] == newest


def test_lists_are_filtered_by_when_rows_were_made(local: Any, v1: Any) -> None:
    v1.customers.create({})
    local.advance(100)
    late = v1.customers.create({}).id
    assert [row.id for row in v1.customers.list({"created": {"gt": local.now - 100}}).data] == [late]


def test_references_are_expanded_where_asked(v1: Any, shop: Any) -> None:
    price = shop.price("Seat", 100)
    sub = shop.subscription((price, 1))
    assert isinstance(sub.customer, str) and isinstance(sub.latest_invoice, str)
    paths = ["customer.invoice_settings.default_payment_method", "latest_invoice.payments", "items.data.price.product"]
    found = v1.subscriptions.retrieve(sub.id, {"expand": paths})
    assert found.customer.invoice_settings.default_payment_method.card.last4 == "4242"
    assert found.latest_invoice.payments.data[0].status == "paid"
    assert found["items"].data[0].price.product.name == "Seat"
    listed = v1.subscriptions.list({"expand": ["data.customer"]})
    assert listed.data[0].customer.email == "ada@example.com"
    with pytest.raises(stripe.InvalidRequestError, match=r"cannot be expanded \(nonsense\)"):
        v1.subscriptions.retrieve(sub.id, {"expand": ["nonsense"]})


def test_metadata_is_merged_key_by_key(v1: Any) -> None:
    customer = v1.customers.create({"metadata": {"tenant": "1", "old": "x"}})
    v1.customers.update(customer.id, {"metadata": {"old": "", "new": "y"}})
    assert v1.customers.retrieve(customer.id).metadata.to_dict() == {"tenant": "1", "new": "y"}
    v1.customers.update(customer.id, {"metadata": ""})
    assert v1.customers.retrieve(customer.id).metadata.to_dict() == {}


def test_an_older_version_is_answered_in_its_name(local: Any) -> None:
    _, headers, _ = ask(local, "GET", "/v1/customers", Stripe_Version="2019-12-03")
    assert headers["Stripe-Version"] == "2019-12-03"
    _, headers, _ = ask(local, "GET", "/v1/customers")
    assert headers["Stripe-Version"] == stripe.api_version


def test_tax_numbers_are_checked(v1: Any) -> None:
    customer = v1.customers.create({})
    good = v1.customers.tax_ids.create(customer.id, {"type": "eu_vat", "value": "DE123456789"})
    assert (good.country, good.verification.status) == ("DE", "verified")
    assert (
        v1.customers.tax_ids.create(customer.id, {"type": "eu_vat", "value": "DE111111111"}).verification.status == "unverified"
    )
    assert (
        v1.customers.tax_ids.create(customer.id, {"type": "us_ein", "value": "12-3456789"}).verification.status == "unavailable"
    )
    with pytest.raises(stripe.InvalidRequestError) as told:
        v1.customers.tax_ids.create(customer.id, {"type": "eu_vat", "value": "nonsense"})
    assert (told.value.code, told.value.param) == ("tax_id_invalid", "value")
    found = v1.customers.retrieve(customer.id, {"expand": ["tax_ids"]})
    assert [row.value for row in found.tax_ids.data] == ["12-3456789", "DE111111111", "DE123456789"]


def test_a_lookup_key_moves_only_when_told_to(v1: Any, shop: Any) -> None:
    old = shop.price("Business", 9900, lookup_key="business.month.usd")
    product = v1.prices.retrieve(old).product
    asked = {"product": product, "currency": "usd", "unit_amount": 10900, "recurring": {"interval": "month"}}
    with pytest.raises(stripe.InvalidRequestError, match="already uses that lookup key"):
        v1.prices.create({**asked, "lookup_key": "business.month.usd"})
    new = v1.prices.create({**asked, "lookup_key": "business.month.usd", "transfer_lookup_key": True}).id
    assert [row.id for row in v1.prices.list({"lookup_keys": ["business.month.usd", "other"]}).data] == [new]
    assert v1.prices.retrieve(old).lookup_key is None


def test_a_price_every_three_months_is_paid_for_all_three_and_then_again(v1: Any, shop: Any, local: Any) -> None:
    sub = shop.subscription((shop.price("Quarter", 2700, recurring={"interval_count": 3}), 1))
    item = sub["items"].data[0]
    assert (item.price.recurring.interval, item.price.recurring.interval_count) == ("month", 3)
    assert item.current_period_end - item.current_period_start in range(89 * 86400, 93 * 86400)
    local.advance(days=31)
    assert [each.total for each in shop.invoices(sub.id)] == [2700]
    local.advance(days=63)
    assert [each.total for each in shop.invoices(sub.id)] == [2700, 2700]


@pytest.mark.parametrize(("interval", "count"), [("month", 0), ("month", 37), ("year", 4), ("week", 157)])
def test_a_price_is_paid_at_least_once_in_three_years(shop: Any, interval: str, count: int) -> None:
    with pytest.raises(stripe.InvalidRequestError, match="three years"):
        shop.price("Never", 100, interval, recurring={"interval_count": count})


def test_embedded_lists_show_ten_and_say_that_there_are_more(v1: Any, shop: Any) -> None:
    prices = [shop.price(f"Part {number}", 100 + number) for number in range(12)]
    sub = shop.subscription(*((price, 1) for price in prices))
    assert (len(sub["items"].data), sub["items"].has_more) == (10, True)
    listed = v1.subscription_items.list({"subscription": sub.id}).auto_paging_iter()
    assert [item.price.id for item in listed] == prices
    invoice = v1.invoices.retrieve(sub.latest_invoice)
    assert (len(invoice.lines.data), invoice.lines.has_more) == (10, True)
    lines = v1.invoices.line_items.list(invoice.id, {"limit": 5}).auto_paging_iter()
    assert sum(line.amount for line in lines) == invoice.total
