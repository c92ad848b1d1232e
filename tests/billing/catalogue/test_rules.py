"""Each rule finds the fault planted against it, and says what is wrong and where."""

from dataclasses import replace
from decimal import Decimal

import pytest
from django.core.checks import run_checks
from tessera.module import modules

from billing.catalogue.checks import IDS
from billing.catalogue.offers import Counted, Grant, Interval, Kind, Limit, Meter, Part, Price, Quota, Terms
from billing.catalogue.rules import RULES, problems_of
from billing.catalogue.selectors import declared
from tests.billing.catalogue.planted import CATALOGUE, and_also, gives, offer, with_offer, with_price, without

ACME = Terms("acme", "Acme Ltd", 2_000)
MESSAGES = Quota(Counted.MESSAGES, 10)


def split(*parts):
    """Return the catalogue in which a partner's module is in two plans, and in a bundle with these parts."""
    changes = {
        "module.stock": {"partner": "acme"},
        "plan.harbour": {"parts": (Part("stock", 1_000),)},
        "plan.canal": {"parts": (Part("stock", 10_000),)},
        "bundle.scm": {"parts": parts},
    }
    return replace(
        CATALOGUE, partners=(ACME,), offers=tuple(replace(each, **changes.get(each.key, {})) for each in CATALOGUE.offers)
    )


FAULTS = {
    "VERSION": (replace(CATALOGUE, version=0), "the catalogue has the version 0; the first is 1"),
    "NAME": (
        and_also(offer(Kind.MODULE, "a.b", "1", gives=gives())),
        "module.a.b has a name that is not of small letters, digits and _",
    ),
    "FOREIGN_PRICE": (with_price("bundle.scm.year.cny", product="bundle.crm"), "bundle.scm has a price of bundle.crm"),
    "UNKNOWN_MODULE": (
        with_offer("module.stock", gives=gives("moon")),
        "module.stock gives the module moon, which is not installed",
    ),
    "AMOUNT": (
        with_price("harbour.month.usd", amount=Decimal("40.005")),
        "harbour.month.usd costs 40.005; USD has 2 decimals here",
    ),
    "PRICE_MISSING": (
        with_offer("bundle.scm", prices=CATALOGUE.by_key["bundle.scm"].prices[:3]),
        "bundle.scm has no price for a year in CNY",
    ),
    "YEAR": (
        with_price("harbour.year.usd", amount=Decimal("480.01")),
        "harbour.year.usd costs 480.01, more than 12 months at 40",
    ),
    "BUNDLE_DEARER_THAN_PARTS": (
        with_price("bundle.scm.month.cny", amount=Decimal("30.01")),
        "bundle.scm.month.cny costs 30.01, more than all its parts together, 30",
    ),
    "PART_DEARER_THAN_BUNDLE": (
        with_price("module.stock.month.usd", amount=Decimal(26)),
        "bundle.scm.month.usd costs 25, less than its part stock alone, 26",
    ),
    "PLAN_AND_SEAT": (without("seat.harbour"), "plan.harbour is sold, but no seat.harbour"),
    "QUOTA": (
        without("meter.messages"),
        "plan.harbour lets messages be exceeded, but no meter.messages is sold",
    ),
    "METER": (with_offer("meter.messages", meter=None), "meter.messages does not say how it is metered"),
    "PARTNER": (
        replace(CATALOGUE, partners=(Terms("acme", "Acme Ltd", 10_001),)),
        "of the partner acme the platform keeps 10001 basis points",
    ),
    "OWNER": (with_offer("module.stock", partner="acme"), "module.stock belongs to the partner acme, whom nobody knows"),
    "SPLIT": (split(), "bundle.scm gives the module stock of acme and does not say which part of its price is for it"),
    "TRIAL": (replace(CATALOGUE, trial_days=-1), "the trial takes -1 days"),
}
MORE = [
    ("AMOUNT", with_price("harbour.month.usd", amount=40.0), "harbour.month.usd costs 40.0, which is no exact amount"),
    (
        "AMOUNT",
        with_offer("plan.canal", prices=(Price("plan.canal", Interval.MONTH, "USD", Decimal(-1)),)),
        "canal.month.usd costs -1, less than nothing",
    ),
    ("PRICE_MISSING", with_offer("module.stock", prices=()), "module.stock is sold, but has no price"),
    ("YEAR", with_price("harbour.year.usd", amount=Decimal(39)), "harbour.year.usd costs 39, less than a month at 40"),
    ("PLAN_AND_SEAT", with_offer("plan.harbour", sold=False), "seat.harbour is sold, but no plan.harbour"),
    ("PLAN_AND_SEAT", with_offer("plan.harbour", gives=gives("scm")), "plan.harbour gives no seat"),
    (
        "QUOTA",
        with_offer("plan.harbour", gives=Grant(seats=1, quotas=(MESSAGES, MESSAGES))),
        "plan.harbour has 2 quotas of messages",
    ),
    (
        "QUOTA",
        with_offer("plan.harbour", gives=Grant(seats=1, quotas=(Quota(Counted.MESSAGES, -1),))),
        "plan.harbour includes -1 of messages",
    ),
    ("METER", with_offer("bundle.scm", meter=Meter(Counted.STORAGE, "x")), "bundle.scm is metered, but no meter"),
    (
        "METER",
        with_offer("meter.messages", meter=Meter(Counted.STORAGE, "x")),
        "meter.messages meters storage",
    ),
    (
        "TRIAL",
        replace(CATALOGUE, trial=Grant(quotas=(Quota(Counted.MESSAGES, 1, Limit.SOFT),))),
        "the trial lets messages be exceeded, but nobody pays in it",
    ),
]


MORE += [
    ("PARTNER", replace(CATALOGUE, partners=(ACME, ACME)), "there are 2 partners acme"),
    (
        "PARTNER",
        replace(CATALOGUE, partners=(replace(ACME, share=-1),)),
        "of the partner acme the platform keeps -1 basis points",
    ),
    ("PARTNER", replace(CATALOGUE, partners=(replace(ACME, name=" "),)), "the partner acme has no name"),
]


MORE += [
    (
        "SPLIT",
        split(Part("stock", 1), Part("workflow", 1)),
        "bundle.scm splits its price for workflow, which is no module of another in it",
    ),
    ("SPLIT", split(Part("stock", 1), Part("stock", 2)), "bundle.scm splits its price 2 times for stock"),
    ("SPLIT", split(Part("stock", 10_001)), "bundle.scm splits its price into parts of 10001 basis points"),
    ("SPLIT", split(Part("stock", -1)), "bundle.scm splits its price into parts of -1 basis points"),
]


def found(catalogue):
    return [(problem.rule, problem.says) for problem in problems_of(catalogue, modules())]


def test_a_sound_catalogue_has_no_problems_and_neither_has_ours(lamp):
    assert found(CATALOGUE) == []
    assert found(declared()) == []


@pytest.mark.parametrize(("rule", "catalogue", "says"), [*((rule, *rest) for rule, rest in FAULTS.items()), *MORE])
def test_a_fault_is_named(rule, catalogue, says):
    assert found(catalogue) == [(rule, says)]


@pytest.mark.parametrize(("currency", "ends"), [("", "without a currency"), ("XAU", "")])
def test_a_price_without_a_currency_or_in_one_that_is_not_sold_in_is_named(currency, ends):
    problems = dict(found(with_price("harbour.year.cny", currency=currency)))
    said = (
        "plan.harbour has a price for a year without a currency"
        if ends
        else "plan.harbour has a price in XAU, in which the catalogue does not sell"
    )
    assert problems == {"CURRENCY": said, "PRICE_MISSING": "plan.harbour has no price for a year in CNY"}


def test_two_prices_or_products_or_meters_of_one_key_are_named():
    twice = offer(Kind.MODULE, "stock", "12", gives=gives("stock"))
    assert found(and_also(twice)) == [
        ("DUPLICATE_PRODUCT", "module.stock is offered 2 times"),
        *(
            ("DUPLICATE_LOOKUP_KEY", f"module.stock.{interval}.{currency} is the lookup key of 2 prices")
            for interval in Interval
            for currency in ("usd", "cny")
        ),
    ]
    second = offer(Kind.METER, "storage", "1", "1", meter=Meter(Counted.STORAGE, "t_messages"))
    assert found(and_also(second)) == [("METER", "t_messages is the event of 2 meters")]


def test_a_bundle_may_cost_more_than_those_of_its_parts_that_are_sold_alone():
    assert found(without("module.workflow")) == []


def test_what_a_partner_made_is_sold_for_nobody_else(lamp, monkeypatch, settings):
    known = replace(CATALOGUE, partners=(ACME,))
    monkeypatch.setattr(type(modules()["lamp"]), "vendor", "acme")
    mine = offer(Kind.MODULE, "lamp", "5", gives=gives("lamp"))
    assert found(replace(known, offers=(*known.offers, replace(mine, partner="acme")))) == []
    assert found(replace(known, offers=(*known.offers, mine))) == [("OWNER", "module.lamp belongs to us, but acme made it")]
    settings.TESSERA_SHARE_OF_STRANGERS = None  # as in production
    assert declared().partners == ()
    assert ("OWNER", "module.lamp belongs to the partner acme, whom nobody knows") in found(declared())


def test_a_split_that_names_every_module_of_a_partner_is_sound():
    assert found(split(Part("stock", 0))) == []
    assert found(split(Part("stock", 10_000))) == []


def test_a_partners_module_that_is_not_sold_by_itself_has_no_terms_in_a_bundle(lamp, monkeypatch):
    monkeypatch.setattr(type(modules()["lamp"]), "vendor", "acme")
    monkeypatch.setattr(type(modules()["lamp"]), "price", ())
    bundle = offer(Kind.BUNDLE, "light", "5", gives=gives("lamp"), parts=(Part("lamp", 5_000),))
    assert found(replace(and_also(bundle), partners=(ACME,))) == [
        ("SPLIT", "bundle.light splits its price for lamp, which is not sold by itself: there are no terms for it")
    ]


def test_where_modules_are_written_every_partner_has_terms(lamp, monkeypatch, settings):
    settings.TESSERA_SHARE_OF_STRANGERS = 1_500
    assert declared().partners == ()
    monkeypatch.setattr(type(modules()["lamp"]), "vendor", "acme")
    assert declared().partners == (Terms("acme", "Acme", 1_500),)
    assert found(declared()) == []
    monkeypatch.setattr("billing.catalogue.data.CATALOGUE", replace(declared(), offers=CATALOGUE.offers, partners=(ACME,)))
    assert declared().partners == (ACME,)


def test_what_is_not_sold_any_more_needs_no_prices():
    assert found(with_offer("plan.canal", prices=())) == []


def test_each_rule_has_a_planted_fault_and_an_id_of_its_own():
    assert set(FAULTS) | {"CURRENCY", "DUPLICATE_PRODUCT", "DUPLICATE_LOOKUP_KEY"} == set(RULES)
    assert len(set(IDS.values())) == len(RULES)


def test_django_checks_the_catalogue_in_force(plant):
    assert [each for each in run_checks() if each.id in IDS.values()] == []
    plant(with_offer("module.stock", gives=gives("moon")))
    (error,) = [each for each in run_checks() if each.id in IDS.values()]
    assert (error.id, error.msg) == (IDS["UNKNOWN_MODULE"], f"UNKNOWN_MODULE: {FAULTS['UNKNOWN_MODULE'][1]}")
