"""What a person does in a browser: pay a checkout, use the portal, open an invoice."""

import re
import urllib.error
import urllib.parse
import urllib.request
from typing import Any

import pytest
import stripe


class _Stay(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *args: Any, **named: Any) -> None:
        return None


def _open(request: Any) -> tuple[int, str]:
    """Return the status, and the page or where it leads."""
    try:
        with urllib.request.build_opener(_Stay(), urllib.request.ProxyHandler({})).open(request) as answer:
            return answer.status, answer.read().decode("latin-1" if "pdf" in answer.headers["Content-Type"] else "utf-8")
    except urllib.error.HTTPError as error:
        return error.code, error.headers.get("Location") or error.read().decode()


def get(url: str) -> tuple[int, str]:
    return _open(url)


def post(url: str, **fields: str) -> tuple[int, str]:
    return _open(urllib.request.Request(url, urllib.parse.urlencode(fields).encode()))


def checkout(shop: Any, **more: Any) -> Any:
    """Return a session for one Business and three seats."""
    lines = [{"price": shop.price("Business", 9900), "quantity": 1}, {"price": shop.price("Seat", 1000), "quantity": 3}]
    urls = {"success_url": "http://acme.test/done?s={CHECKOUT_SESSION_ID}", "cancel_url": "http://acme.test/back"}
    return shop.v1.checkout.sessions.create({"mode": "subscription", "line_items": lines, **urls, **more})


def test_a_checkout_is_paid_on_its_page(local: Any, shop: Any, v1: Any) -> None:
    customer = shop.customer(None)
    session = checkout(
        shop, customer=customer, client_reference_id="intent-1", subscription_data={"metadata": {"tenant": "acme"}}
    )
    assert (session.status, session.payment_status, session.amount_total) == ("open", "unpaid", 12900)
    status, page = get(session.url)
    assert status == 200
    assert "Due today" in page and "$129.00" in page and "3 × Seat" in page
    assert post(session.url, action="pay", card="visa") == (303, f"http://acme.test/done?s={session.id}")
    done = v1.checkout.sessions.retrieve(session.id, {"expand": ["subscription", "invoice", "line_items"]})
    assert (done.status, done.payment_status, done.url, done.client_reference_id) == ("complete", "paid", None, "intent-1")
    assert (done.subscription.status, done.subscription.metadata.to_dict()) == ("active", {"tenant": "acme"})
    assert (done.subscription.customer, done.invoice.amount_paid, len(done.line_items.data)) == (customer, 12900, 2)
    assert v1.payment_methods.retrieve(done.subscription.default_payment_method).card.last4 == "4242"
    assert len(local.events("checkout.session.completed")) == 1


def test_a_checkout_is_paid_once(shop: Any, v1: Any) -> None:
    session = checkout(shop)
    post(session.url, action="pay", card="visa", email="eve@example.com")
    status, page = post(session.url, action="pay", card="visa", email="eve@example.com")
    assert status == 200 and "Already completed" in page
    assert len(v1.subscriptions.list().data) == 1
    assert v1.customers.list().data[0].email == "eve@example.com"


def test_a_declined_card_leaves_the_checkout_open_with_nothing_made(shop: Any, v1: Any) -> None:
    session = checkout(shop)
    for card, says in (("chargeDeclined", "Your card was declined."), ("chargeDeclinedInsufficientFunds", "insufficient funds")):
        status, page = post(session.url, action="pay", card=card)
        assert status == 402 and says in page
    assert v1.checkout.sessions.retrieve(session.id).status == "open"
    assert (v1.subscriptions.list({"status": "all"}).data, v1.customers.list().data) == ([], [])


def test_three_d_secure_stands_between(shop: Any, v1: Any) -> None:
    session = checkout(shop)
    status, page = post(session.url, action="pay", card="authenticationRequired")
    assert status == 200 and "3-D Secure" in page
    status, page = post(session.url, action="authenticate", card="authenticationRequired", passed="no")
    assert status == 402 and "unable to authenticate" in page
    assert v1.subscriptions.list({"status": "all"}).data == []
    assert post(session.url, action="authenticate", card="authenticationRequired", passed="yes")[0] == 303
    assert v1.subscriptions.list().data[0].status == "active"


def test_a_trial_begins_without_a_card_where_none_is_needed(shop: Any, v1: Any) -> None:
    session = checkout(shop, payment_method_collection="if_required", subscription_data={"trial_period_days": 14})
    _, page = get(session.url)
    assert "14 days free" in page and "No card needed" in page
    assert post(session.url, action="pay", email="ada@example.com")[0] == 303
    done = v1.checkout.sessions.retrieve(session.id, {"expand": ["subscription"]})
    assert (done.payment_status, done.subscription.status) == ("no_payment_required", "trialing")
    assert done.subscription.default_payment_method is None


def test_a_trial_with_a_card_needs_one(shop: Any) -> None:
    session = checkout(shop, subscription_data={"trial_period_days": 14})
    status, page = post(session.url, action="pay")
    assert status == 400 and "A card is needed" in page


def test_a_promotion_code_lowers_what_is_due(shop: Any, v1: Any) -> None:
    coupon = v1.coupons.create({"percent_off": 25, "duration": "once"})
    v1.promotion_codes.create({"promotion": {"type": "coupon", "coupon": coupon.id}, "code": "WELCOME"})
    session = checkout(shop, allow_promotion_codes=True)
    assert "This promotion code is invalid" in post(session.url, action="code", code="NOPE")[1]
    assert post(session.url, action="code", code="welcome")[0] == 303
    assert "$96.75" in get(session.url)[1]
    post(session.url, action="pay", card="visa")
    assert v1.invoices.list().data[0].amount_paid == 9675
    assert v1.coupons.retrieve(coupon.id).times_redeemed == 1


def test_a_checkout_learns_who_pays_and_from_where(shop: Any, v1: Any) -> None:
    asks = {"billing_address_collection": "required", "tax_id_collection": {"enabled": True}, "automatic_tax": {"enabled": True}}
    session = checkout(shop, **asks)
    assert session.tax_id_collection.to_dict() == {"enabled": True, "required": "never"}
    page = get(session.url)[1]
    assert "Name of the company" in page and "Tax number" in page
    told = {"action": "pay", "card": "authenticationRequired", "name": "Acme GmbH", "tax_id_type": "eu_vat"}
    again = post(session.url, **told)[1]
    assert "Your country is needed" in again and 'value="Acme GmbH"' in again
    assert "Invalid value for eu_vat" in post(session.url, **told, country="DE", tax_id="DE1")[1]
    told |= {"country": "DE", "tax_id": "DE123456789"}
    assert 'name="tax_id" value="DE123456789"' in post(session.url, **told)[1]
    assert post(session.url, **{**told, "action": "authenticate"}, passed="yes")[0] == 303
    done = v1.checkout.sessions.retrieve(session.id, {"expand": ["customer.tax_ids"]})
    assert (done.customer.name, done.customer.address.country) == ("Acme GmbH", "DE")
    assert [row.value for row in done.customer.tax_ids.data] == ["DE123456789"]
    assert [each.to_dict() for each in done.customer_details.tax_ids] == [{"type": "eu_vat", "value": "DE123456789"}]
    assert (done.amount_total, done.total_details.amount_tax) == (15351, 2451)
    assert v1.invoices.retrieve(done.invoice).amount_paid == 15351


def test_what_a_known_customer_tells_is_kept_only_where_asked(shop: Any, v1: Any) -> None:
    for saves, country in (({}, None), ({"customer_update": {"address": "auto"}}, "DE")):
        session = checkout(shop, customer=shop.customer(None), billing_address_collection="required", **saves)
        done = shop.local.pay(session.id, country="DE")
        address = v1.customers.retrieve(done["customer"]).address
        assert (address.country if address else None) == country


def test_a_card_that_fails_later_begins_a_trial(local: Any, shop: Any, v1: Any) -> None:
    session = checkout(shop, subscription_data={"trial_period_days": 14})
    done = local.pay(session.id, "chargeCustomerFail")
    assert shop.status(done["subscription"]) == "trialing"
    local.advance(days=14, seconds=3600)
    assert shop.status(done["subscription"]) == "past_due"


def test_a_checkout_whose_price_is_gone_makes_nothing(shop: Any, v1: Any) -> None:
    session = checkout(shop)
    v1.prices.update(v1.prices.list().data[0].id, {"active": False})
    status, page = post(session.url, action="pay", card="visa")
    assert status == 400 and "inactive" in page
    assert (v1.customers.list().data, v1.payment_intents.list().data) == ([], [])


def test_a_checkout_expires_after_a_day(local: Any, shop: Any, v1: Any) -> None:
    session, other = checkout(shop), checkout(shop)
    assert v1.checkout.sessions.expire(other.id).status == "expired"
    local.advance(days=1)
    assert v1.checkout.sessions.retrieve(session.id).status == "expired"
    assert get(session.url)[0] == 410
    assert len(local.events("checkout.session.expired")) == 2
    with pytest.raises(stripe.InvalidRequestError):
        v1.checkout.sessions.expire(session.id)


def test_what_is_written_by_others_is_escaped(shop: Any) -> None:
    price = shop.price("<script>alert(1)</script>", 100)
    lines = [{"price": price, "quantity": 1}]
    session = shop.v1.checkout.sessions.create({"mode": "subscription", "line_items": lines, "success_url": "http://acme.test/"})
    page = get(session.url)[1]
    assert "<script>" not in page and "&lt;script&gt;" in page


def test_the_portal_shows_and_changes(local: Any, shop: Any, v1: Any) -> None:
    sub = shop.subscription((shop.price("Business", 9900), 1), customer=shop.customer(name="Acme Ltd"))
    session = v1.billing_portal.sessions.create({"customer": sub.customer, "return_url": "http://acme.test/billing"})
    status, page = get(session.url)
    assert status == 200
    for text in ("Acme Ltd", "Visa •••• 4242", "Renews on 21 Oct 2026", "$99.00", "http://acme.test/billing"):
        assert text in page
    assert post(session.url, action="cancel", subscription=sub.id)[0] == 303
    assert v1.subscriptions.retrieve(sub.id).cancel_at_period_end is True
    assert "Ends on 21 Oct 2026" in get(session.url)[1]
    post(session.url, action="resume", subscription=sub.id)
    assert v1.subscriptions.retrieve(sub.id).cancel_at_period_end is False
    assert post(session.url, action="card", card="mastercard")[0] == 303
    customer = v1.customers.retrieve(sub.customer, {"expand": ["invoice_settings.default_payment_method"]})
    assert customer.invoice_settings.default_payment_method.card.last4 == "4444"
    assert post(session.url, action="card", card="chargeDeclined")[0] == 402


def test_the_portal_offers_only_what_its_configuration_says(shop: Any, v1: Any) -> None:
    sub = shop.subscription((shop.price("Business", 9900), 1))
    made = v1.billing_portal.configurations.create({"features": {"invoice_history": {"enabled": True}}})
    session = v1.billing_portal.sessions.create({"customer": sub.customer, "configuration": made.id})
    assert post(session.url, action="cancel", subscription=sub.id)[0] == 400
    assert post(session.url, action="card", card="visa")[0] == 400
    assert v1.subscriptions.retrieve(sub.id).cancel_at_period_end is False


def test_the_portal_touches_nobody_elses_subscription(shop: Any, v1: Any) -> None:
    price = shop.price("Business", 9900)
    mine, theirs = shop.subscription((price, 1)), shop.subscription((price, 1))
    session = v1.billing_portal.sessions.create({"customer": mine.customer})
    assert post(session.url, action="cancel", subscription=theirs.id)[0] == 404
    assert v1.subscriptions.retrieve(theirs.id).cancel_at_period_end is False


def test_an_invoice_has_a_page_and_a_pdf_and_is_paid_there(local: Any, shop: Any, v1: Any) -> None:
    sub = shop.subscription((shop.price("Business", 9900), 1), customer=shop.customer("pm_card_chargeCustomerFail"))
    invoice = v1.invoices.retrieve(sub.latest_invoice)
    status, page = get(invoice.hosted_invoice_url)
    assert status == 200 and invoice.number in page and "$99.00" in page
    status, pdf = get(invoice.invoice_pdf)
    assert status == 200 and pdf.startswith("%PDF-1.4") and invoice.number in pdf and "$99.00" in pdf
    assert [int(place) for place in re.findall(r"startxref\n(\d+)", pdf)] == [pdf.index("xref\n0 6")]
    assert post(invoice.hosted_invoice_url, card="chargeDeclined")[0] == 402
    assert post(invoice.hosted_invoice_url, card="visa")[0] == 303
    assert (v1.invoices.retrieve(invoice.id).status, shop.status(sub.id)) == ("paid", "active")
