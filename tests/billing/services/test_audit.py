"""What a company buys is in its own audit, with the person who did it and what came of it."""

import pytest
from tessera.context import system
from tessera.testing.plugin import entered

from billing.mirror.refreshing import refresh_customer
from billing.models import Checkout
from billing.services import audit
from tests.billing.services import words
from tests.billing.services.words import act
from tests.tenancy.people import member_of

AUDIT = """query($label: [String!]) { auditEntries(first: 50, filter: {label: {in: $label}}) {
    nodes { label verb actorName actorKind changes { field before after } } } }"""
BUSINESS = {"plan": "plan.business", "interval": "MONTH", "currency": "USD", "seats": 7}


def told(person, *labels):
    """Return the entries, oldest first: verb, who, and what changed to what."""
    nodes = person.data(AUDIT, label=list(labels) or ["billing.Checkout", "billing.Instruction"])["auditEntries"]["nodes"]
    return [
        (each["verb"], each["actorName"], {one["field"]: (one["before"], one["after"]) for one in each["changes"]})
        for each in nodes[::-1]  # the newest comes first
    ]


def name_of(person):
    return person.data("{ me { member { name } } }")["me"]["member"]["name"]


def test_a_checkout_names_who_began_it_and_is_complete_when_it_is_paid(shop, acme, ada):
    ada.data(words.CHECKOUT, input=BUSINESS | {"additions": ["bundle.oa"]})
    (session,) = shop.v1.checkout.sessions.list().data
    shop.stripe.pay(session.id)
    shop.works()
    shop.works()
    begun, done = told(ada)
    assert begun == (
        "create",
        name_of(ada),
        {
            "plan": (None, "plan.business"),
            "interval": (None, "month"),
            "currency": (None, "USD"),
            "seats": (None, 7),
            "additions": (None, ["bundle.oa"]),
            "state": (None, "open"),
        },
    )
    assert done == ("update", name_of(ada), {"state": ("open", "complete")})
    assert Checkout.objects.get().state == "complete"


def test_another_choice_closes_the_one_before(shop, acme, ada):
    ada.data(words.CHECKOUT, input=BUSINESS)
    ada.data(words.CHECKOUT, input=BUSINESS | {"seats": 9})
    assert [(verb, said.get("seats"), said["state"]) for verb, _who, said in told(ada)] == [
        ("create", (None, 7), (None, "open")),
        ("update", None, ("open", "expired")),
        ("create", (None, 9), (None, "open")),
    ]


def test_changes_cancelling_pausing_and_codes_are_told(payer, ada):
    payer.subscribes("business")
    coupon = payer.shop.v1.coupons.create({"percent_off": 10, "duration": "forever"})
    payer.shop.v1.promotion_codes.create({"promotion": {"type": "coupon", "coupon": coupon.id}, "code": "TEN"})
    shown = payer.preview(seats=8)
    assert shown["total"] == "36"
    payer.change(shown["token"])
    ada.data(act("billingCancel", 'comment: "too dear"'))
    ada.data(act("billingCancelUndo"))
    ada.data(act("billingPause"))
    ada.data(act("billingResume"))
    ada.data(act("billingCodeApply", 'code: "TEN"'))
    entries = told(ada)
    assert {who for _verb, who, _said in entries} == {name_of(ada)}
    assert [{name: after for name, (_before, after) in said.items()} for verb, _who, said in entries if verb == "create"] == [
        {
            "act": "change", "state": "open", "plan": "plan.business", "interval": "month", "currency": "USD", "seats": 8,
            "additions": [], "total": "36.00",
        },
        {"act": "cancel", "state": "open", "ends": True, "comment": "too dear"},
        {"act": "cancel", "state": "open", "ends": False},
        {"act": "pause", "state": "open", "until": None},
        {"act": "pause", "state": "open", "resumes": "on"},
        {"act": "discount", "state": "open", "code": "TEN"},
    ]  # fmt: skip
    assert [said["state"] for verb, _who, said in entries if verb == "update"] == [("open", "done")] * 6


def test_what_stripe_refuses_is_told_with_the_reason(payer, ada):
    payer.subscribes("business")
    payer.shop.pays_with(payer.customer, "pm_card_chargeCustomerFail")
    payer.change(payer.preview(seats=8)["token"])
    (_begun, ended) = told(ada)
    assert ended[2]["state"] == ("open", "refused")
    assert ended[2]["why"][1]


def test_only_who_may_see_the_account_reads_it(shop, acme, ada):
    ada.data(words.CHECKOUT, input=BUSINESS)
    bob = member_of(acme, audit__audit_entry_view="all")
    assert told(bob) == []


def test_and_who_may_see_it_does(shop, acme, ada):
    ada.data(words.CHECKOUT, input=BUSINESS)
    bob = member_of(acme, audit__audit_entry_view="all", billing__account_view="all")
    assert told(bob) == told(ada)


def test_an_audit_that_cannot_be_written_does_not_hold_a_purchase_back_and_comes_later(shop, acme, ada, monkeypatch):
    ada.data(words.CHECKOUT, input=BUSINESS)
    (session,) = shop.v1.checkout.sessions.list().data
    shop.stripe.pay(session.id)

    def broken(*given, **more):
        raise RuntimeError("the tables of this company are being upgraded")

    with monkeypatch.context() as away:
        away.setattr(audit, "tell_ended", broken)
        shop.works()
    assert ada.data(words.SHOW)["it"]["plan"] == "plan.business"
    assert (Checkout.objects.get().state, len(told(ada))) == ("open", 1)
    refresh_customer(customer=Checkout.objects.get().customer)
    assert told(ada)[1] == ("update", name_of(ada), {"state": ("open", "complete")})


def test_what_is_not_declared_is_not_written(shop, acme, ada):
    ada.data(words.CHECKOUT, input=BUSINESS)
    with entered(acme, actor=system("test")), pytest.raises(ValueError, match="does not show"):
        audit.tell_begun(Checkout.objects.get(), {"card": "4242"})
