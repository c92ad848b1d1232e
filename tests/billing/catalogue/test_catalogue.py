"""What the catalogue says of products and prices by their keys."""

from decimal import Decimal

import pytest
from django.core.exceptions import ImproperlyConfigured
from tessera.module import modules

from billing.catalogue.offers import Counted, Grant, Interval, Kind, Limit, Quota
from billing.catalogue.selectors import catalogue, price_of, what_gives
from tests.billing.catalogue.planted import CATALOGUE, with_offer

CRM = {"base", "crm", "sales", "orders", "service", "workflow"}


def test_a_plan_gives_its_modules_with_all_they_depend_on():
    starter = what_gives("plan.starter")
    assert starter.modules == CRM
    assert starter.seats == 3
    assert starter.quota(Counted.STORAGE) == Quota(Counted.STORAGE, 10 * 1024**3, Limit.HARD)
    assert starter.quota(Counted.API_POINTS) == Quota(Counted.API_POINTS, 500, Limit.HARD)
    assert what_gives("bundle.crm").quota(Counted.STORAGE) is None
    assert what_gives("plan.custom").modules == {"base"}


def test_a_seat_gives_a_seat_and_a_module_what_it_depends_on():
    assert what_gives("seat.business") == Grant(seats=1)
    assert what_gives("module.sales") == Grant(frozenset({"base", "orders", "sales"}))


def test_prices_are_found_by_their_lookup_key():
    found = {key: price_of(key).amount for key in ("business.month.usd", "business.year.cny", "module.finance.year.eur")}
    assert found == {"business.month.usd": 79, "business.year.cny": 5280, "module.finance.year.eur": 190}
    assert price_of("seat.business.month.usd").product == "seat.business"
    assert price_of("meter.messages.year.usd").amount == Decimal("0.002")


@pytest.mark.parametrize("ask", [lambda: what_gives("plan.nothing"), lambda: price_of("business.week.usd")])
def test_an_unknown_key_is_a_lookup_error(ask):
    with pytest.raises(LookupError, match="the catalogue has no"):
        ask()


def test_a_year_costs_ten_months_but_what_is_metered_costs_the_same():
    found = catalogue()
    for offer in found.offers:
        for currency in found.currencies:
            month, year = (offer.price(interval, currency).amount for interval in Interval)
            assert year == month * (1 if offer.kind == Kind.METER else 10), offer.key


def test_each_module_of_ours_is_in_the_largest_plan_and_nothing_is_free_by_mistake():
    ours = {label for label, module in modules().items() if module.name.startswith("modules.")}
    assert ours - what_gives("plan.enterprise").modules == set()
    assert catalogue().free & ours == set()


def test_the_trial_has_every_module_and_what_nobody_sells_is_free():
    assert catalogue().trial.modules == set(modules())
    assert catalogue().free == {"library", "lending"}  # the samples that are installed in tests


def test_it_is_made_once_and_made_anew_when_another_is_in_force(plant):
    ours = catalogue()
    assert catalogue() is ours
    plant(CATALOGUE)
    assert catalogue().version == 7
    assert what_gives("plan.harbour").modules == {"base", "orders", "scm", "stock", "workflow"}


def test_what_is_not_sold_any_more_still_gives(plant):
    plant(CATALOGUE)
    assert what_gives("plan.canal").modules == {"base", "stock"}
    assert [offer.key for offer in catalogue().sold(Kind.PLAN)] == ["plan.harbour"]


def test_a_partners_module_is_sold_at_the_price_of_its_manifest(lamp):
    assert what_gives("module.lamp").modules == {"base", "lamp", "workflow"}
    prices = {price.lookup_key: str(price.amount) for price in catalogue().by_key["module.lamp"].prices}
    assert prices == {
        "module.lamp.month.usd": "12.50",
        "module.lamp.year.usd": "125.00",
        "module.lamp.month.cny": "80",
        "module.lamp.year.cny": "700",
    }
    assert "lamp" not in what_gives("plan.enterprise").modules | catalogue().free


def test_a_wrong_catalogue_is_refused_with_all_that_is_wrong(plant):
    plant(with_offer("plan.harbour", gives=Grant(frozenset({"scm", "moon"}))))
    with pytest.raises(ImproperlyConfigured) as refused:
        catalogue()
    assert str(refused.value) == "plan.harbour gives the module moon, which is not installed; plan.harbour gives no seat"
