"""A company's cap on what it pays beside its plan: set with a right of its own, asked before Stripe is, told when it is near."""

from datetime import date
from decimal import Decimal as D

import pytest
from django.utils import timezone

from billing.lifecycle.texts import text_of
from billing.models import Checkout, Customer, Instruction, Letter, SpendCap, UsageReport
from billing.services.company import going
from billing.spending.caps import month_now, warn_of_spend
from billing.spending.reckoning import spend_of, usage_of
from billing.tasks import count_usage_here
from tests.billing.ready import _ready  # noqa: F401
from tests.billing.services.conftest import acme, ada, payer, shop, synced  # noqa: F401
from tests.billing.services.paying import codes
from tests.billing.services.words import CHECKOUT, ENABLE, OFFERS, PREVIEW
from tests.tenancy.people import member_of

SPEND = "period currency cap setBy additions usage total room perCent"
SHOW = f"{{ it: billingSpend {{ {SPEND} }} }}"
SET = f"""mutation($amount: Decimal!, $currency: String) {{
    it: billingSpendCapSet(input: {{amount: $amount, currency: $currency}}) {{
        result {{ {SPEND} }} userErrors {{ field code message details }} }} }}"""
REMOVE = f"mutation {{ it: billingSpendCapRemove {{ result {{ {SPEND} }} userErrors {{ code }} }} }}"
WITH_ROOM = OFFERS.replace("interval }", "interval withinCap }")


def cap(payer, amount, **more):  # noqa: F811
    answer = payer.ada.data(SET, amount=amount, **more)["it"]
    assert answer["userErrors"] == []
    return answer["result"]


def used(payer, meter, units, day=None):  # noqa: F811
    period = day or month_now(payer.tenant)
    serial = UsageReport.objects.filter(tenant=payer.tenant, meter=meter, period=period).count() + 1
    UsageReport.objects.create(
        tenant=payer.tenant, meter=meter, period=period, serial=serial, units=units, counted_at=timezone.now()
    )


def test_what_is_spent_beside_the_plan_is_shown_with_the_cap(payer):  # noqa: F811
    payer.subscribes("business", "seat.business*3", "bundle.oa", "module.finance")
    shown = payer.ada.data(SHOW)["it"]
    assert (shown["cap"], shown["additions"], shown["usage"], shown["room"]) == (None, "29", "0", None)
    used(payer, "messages", 3_000)
    shown = cap(payer, "50")
    assert shown | {"period": None} == {
        "period": None,
        "currency": "USD",
        "cap": "50",
        "setBy": "Ada",
        "additions": "29",
        "usage": "6",
        "total": "35",
        "room": "15",
        "perCent": 70,
    }
    assert payer.ada.data(REMOVE)["it"]["result"]["cap"] is None


def test_a_year_counts_by_its_twelfth(payer):  # noqa: F811
    payer.subscribes("business", "bundle.oa", "module.finance", interval="year")
    row = payer.row()
    assert spend_of(payer.tenant, row, "USD", month_now(payer.tenant)).additions == D("7.50") + D("16.67")


def test_what_is_paid_every_three_months_counts_by_its_third(payer):  # noqa: F811
    payer.subscribes("business", "bundle.oa", "module.finance")
    payer.row().items.update(interval_count=3)
    assert spend_of(payer.tenant, payer.row(), "USD", month_now(payer.tenant)).additions == D("3.00") + D("6.67")


def test_usage_is_that_of_the_month_whichever_day_it_was(payer):  # noqa: F811
    for meter, day in (("storage", date(2031, 3, 1)), ("storage", date(2031, 3, 31)), ("messages", date(2031, 3, 1))):
        used(payer, meter, 1_000, day)
    used(payer, "storage", 5, date(2031, 4, 1))
    assert usage_of(payer.tenant, "USD", date(2031, 3, 1)) == 10 + 10 + 2
    assert usage_of(payer.tenant, "USD", date(2031, 2, 1)) == 0


def test_a_change_over_the_cap_is_refused_and_nothing_is_asked_of_stripe(payer):  # noqa: F811
    payer.subscribes("custom")
    cap(payer, "25")
    before = len(payer.shop.v1.invoices.list().data)
    (error,) = payer.ada.ask(PREVIEW, additions=["module.finance", "bundle.oa"])["errors"]
    told = error["extensions"]
    assert (told["reason"], told["field"]) == ("SPEND_CAP", ["additions"])
    assert error["message"] == "This would make 29.00 USD a month beside the plan; the spend cap is 25.00 USD."
    assert payer.preview(additions=["module.finance"])["recurring"] == "29"
    used(payer, "messages", 3_000)
    assert payer.refusal(additions=["module.finance"]) == ("SPEND_CAP", "additions")
    assert not Instruction.objects.exists()
    assert len(payer.shop.v1.invoices.list().data) == before


def test_a_cap_that_was_lowered_after_the_preview_is_asked_again(payer):  # noqa: F811
    payer.subscribes("custom")
    token = payer.preview(additions=["module.finance"])["token"]
    cap(payer, "19.99")
    answer = payer.change(token)
    assert codes(answer) == ["SPEND_CAP"]
    assert not Instruction.objects.exists()
    assert payer.products() == {"plan.custom": 1}
    cap(payer, "20")
    assert codes(payer.change(token)) == []


def test_who_is_over_the_cap_may_have_less_and_change_what_it_does_not_count(payer):  # noqa: F811
    payer.subscribes("custom", "module.finance", "bundle.oa")
    cap(payer, "10")
    assert payer.preview(seats=4)["recurring"] == "62"
    assert codes(payer.change(payer.preview(additions=["module.finance"])["token"])) == []
    assert payer.refusal(additions=["module.finance", "bundle.oa"]) == ("SPEND_CAP", "additions")


def test_a_checkout_over_the_cap_is_refused_before_there_is_a_customer(shop, acme, ada):  # noqa: F811
    answer = ada.data(SET, amount="10")["it"]
    assert answer["userErrors"] == []
    wish = {"plan": "plan.custom", "interval": "MONTH", "currency": "USD", "additions": ["module.finance"]}
    (error,) = ada.data(CHECKOUT, input=wish)["it"]["userErrors"]
    assert (error["code"], error["field"]) == ("SPEND_CAP", ["input", "additions"])
    (error,) = ada.data(CHECKOUT, input=wish | {"currency": "EUR"})["it"]["userErrors"]
    assert (error["code"], error["field"]) == ("SPEND_CAP", ["input", "currency"])
    assert not Customer.objects.filter(tenant=acme).exists() and not Checkout.objects.exists()
    assert ada.data(CHECKOUT, input=wish | {"additions": ["bundle.oa"]})["it"]["userErrors"] == []


def test_offers_for_a_module_say_whether_the_cap_lets_them_be_bought(payer):  # noqa: F811
    payer.subscribes("custom")
    cap(payer, "20")
    offers = {each["module"]: each["offers"] for each in payer.ada.data(WITH_ROOM)["it"]}["finance"]
    assert {each["offer"]: each["withinCap"] for each in offers} == {
        "module.finance": True,
        "bundle.erp": False,
        "plan.business": True,
        "plan.enterprise": True,
    }
    (error,) = payer.ada.data(ENABLE, modules=["finance"])["it"]["userErrors"]
    assert error["code"] == "NOT_ENTITLED"
    assert {each["offer"]: each["within_cap"] for each in error["details"]["offers"]}["bundle.erp"] is False


def test_eighty_and_a_hundred_per_cent_are_told_once_each(payer):  # noqa: F811
    payer.subscribes("custom", "module.finance")
    told = lambda: [(each.shown["percent"], each.shown["spend"]) for each in Letter.objects.filter(kind="spend").order_by("pk")]  # noqa: E731
    cap(payer, "25.50")
    assert told() == []
    used(payer, "messages", 200)
    for _hour in range(2):
        count_usage_here(tenant_id=str(payer.tenant.id))
        assert told() == [(80, "20.40")]
    used(payer, "messages", 3_000)
    for _hour in range(2):
        warn_of_spend(payer.tenant)
        assert told() == [(80, "20.40"), (100, "26.40")]
    cap(payer, "30")
    assert told()[2:] == [(80, "26.40")]
    subject, text = text_of(Letter.objects.filter(kind="spend").order_by("pk")[1])
    assert subject == "Acme has reached 100 % of its spend cap"
    assert "26.40 USD" in text and "25.50 USD" in text


def test_who_passes_both_at_once_is_told_the_hundred_only(payer):  # noqa: F811
    payer.subscribes("custom", "module.finance")
    cap(payer, "20")
    SpendCap.objects.update(amount=20)
    payer.customer.subscriptions.first().items.filter(product="module.finance").update(amount=17)
    warn_of_spend(payer.tenant)
    assert [each.shown["percent"] for each in Letter.objects.filter(kind="spend")] == [100]


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"amount": "-1"}, "amount"),
        ({"amount": "1.005"}, "amount"),
        ({"amount": "9999999999999"}, "amount"),
        ({"amount": "1", "currency": "EUR"}, "currency"),
        ({"amount": "1", "currency": "XAU"}, "currency"),
    ],
)
def test_a_cap_that_is_none_is_refused_by_its_field(payer, given, field):  # noqa: F811
    payer.subscribes("custom")
    (error,) = payer.ada.data(SET, **given)["it"]["userErrors"]
    assert (error["code"], error["field"]) == ("INVALID", ["input", field])
    assert not SpendCap.objects.exists()


def test_it_takes_just_its_right(payer):  # noqa: F811
    payer.subscribes("custom")
    bob = member_of(payer.tenant, billing__cap_manage="all")
    assert bob.data(SET, amount="5")["it"]["result"]["setBy"] == "Bob"
    assert bob.codes(SHOW) == ["FORBIDDEN"]
    assert bob.codes(CHECKOUT, input={"plan": "plan.custom", "interval": "MONTH", "currency": "USD"}) == ["FORBIDDEN"]


def test_whoever_buys_needs_not_be_who_sets_the_cap(payer):  # noqa: F811
    buyer = member_of(payer.tenant, billing__account_manage="all", billing__account_view="all")
    assert buyer.codes(SET, amount="5") == ["FORBIDDEN"]
    assert buyer.codes(REMOVE) == ["FORBIDDEN"]
    assert buyer.data(SHOW)["it"]["cap"] is None


def test_without_a_subscription_nothing_is_spent(payer):  # noqa: F811
    assert going(payer.customer) is None
    assert cap(payer, "0")["total"] == "0"
    assert not Letter.objects.filter(kind="spend").exists()
