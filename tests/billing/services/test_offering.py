"""A console can sell what is not there: what a module costs here, and what would be saved without one."""

import pytest

from tenants import switching, tasks
from tests.billing.services import words
from tests.tenancy.people import member_of


@pytest.fixture(autouse=True)
def _no_jobs(monkeypatch):
    monkeypatch.setattr(switching, "enqueue", lambda job: None)


def test_a_module_that_is_not_entitled_is_refused_with_what_to_buy(payer):
    payer.subscribes("custom", "bundle.oa")
    answer = payer.ada.data(words.ENABLE, modules=["finance"])["it"]
    (error, *others) = answer["userErrors"]
    assert (answer["result"], error["code"], error["field"]) == (None, "NOT_ENTITLED", ["input", "modules"])
    assert error["details"]["module"] == "finance"
    assert error["details"]["offers"][:2] == [
        {
            "offer": "module.finance",
            "kind": "module",
            "title": "Finance",
            "amount": "20",
            "currency": "USD",
            "interval": "month",
            "within_cap": True,
        },
        {
            "offer": "bundle.erp",
            "kind": "bundle",
            "title": "ERP",
            "amount": "35",
            "currency": "USD",
            "interval": "month",
            "within_cap": True,
        },
    ]
    assert [each["offer"] for each in error["details"]["offers"][2:]] == ["plan.business", "plan.enterprise"]
    assert {each["details"]["module"] for each in others} <= {"orders", "stock", "workflow"}


def test_prices_are_those_of_the_companys_own_terms(payer):
    payer.subscribes("custom", interval="year", currency="cny")
    answer = payer.ada.data(words.ENABLE, modules=["workflow"])["it"]
    cheapest = answer["userErrors"][0]["details"]["offers"][0]
    assert (cheapest["offer"], cheapest["amount"], cheapest["currency"], cheapest["interval"]) == (
        "bundle.oa",
        "590",
        "CNY",
        "year",
    )


def test_every_module_is_listed_with_its_switch_and_its_price(payer):
    payer.subscribes("starter", "module.stock")
    offers = {each["module"]: each for each in payer.ada.data(words.OFFERS)["it"]}
    assert (offers["base"]["alwaysOn"], offers["base"]["offers"]) == (True, [])
    sales = offers["sales"]
    assert (sales["entitled"], sales["boughtBy"], sales["offers"][0]["offer"]) == (True, ["plan.starter"], "module.sales")
    stock = offers["stock"]
    assert (stock["entitled"], stock["boughtBy"], stock["state"]) == (True, ["module.stock"], "ENABLING")
    finance = offers["finance"]
    assert (finance["entitled"], finance["boughtBy"], finance["state"]) == (False, [], "ABSENT")
    assert finance["offers"][0] == {
        "offer": "module.finance",
        "kind": "MODULE",
        "title": "Finance",
        "amount": "20",
        "currency": "USD",
        "interval": "MONTH",
    }


def test_disabling_shows_what_goes_off_and_what_could_be_saved(payer, acme):
    payer.subscribes("custom", "module.stock", "bundle.oa")
    tasks.finish_switching(tenant_id=str(acme.id))
    shown = payer.ada.data(words.IMPACT, module="stock")["it"]
    assert (shown["saved"], shown["amount"]) == ([{"offer": "module.stock", "title": "Stock", "amount": "15"}], "15")
    assert (shown["currency"], shown["interval"]) == ("USD", "MONTH")
    assert [each["label"] for each in shown["impact"]["goesOff"]] == ["stock"]
    part = payer.ada.data(words.IMPACT, module="workflow")["it"]
    assert (part["amount"], part["impact"]["keptOnBy"]) == ("0", ["oa"])
    assert payer.ada.codes(words.IMPACT, module="lamp") == ["NOT_FOUND"]


def test_what_a_plan_holds_saves_nothing(payer, acme):
    payer.subscribes("business", interval="year")
    tasks.finish_switching(tenant_id=str(acme.id))
    shown = payer.ada.data(words.IMPACT, module="finance")["it"]
    assert (shown["saved"], shown["amount"], shown["interval"]) == ([], "0", "YEAR")


def test_both_rights_are_asked_for(payer, acme):
    bob = member_of(acme, billing__account_view="all")
    assert bob.codes(words.OFFERS) == ["FORBIDDEN"]
    assert bob.codes(words.IMPACT, module="stock") == ["FORBIDDEN"]


def test_where_nothing_is_sold_everything_may_be_used(ada, shop, settings):
    settings.STRIPE_API_KEY = ""
    assert all(each["entitled"] for each in ada.data(words.OFFERS)["it"])
    assert ada.data(words.ENABLE, modules=["stock"])["it"]["userErrors"] == []
