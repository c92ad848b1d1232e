"""The page of plans and prices, and the same over the API, say what the catalogue says."""

import json
import re
from dataclasses import replace
from decimal import Decimal
from html import unescape

import pytest
from django.test import Client
from django.utils.translation import override

from billing.catalogue.page import money_text
from billing.catalogue.selectors import catalogue
from billing.catalogue.sync import sync_catalogue
from billing.local_stripe.testing import running
from tenants.models import SignUp
from tests.billing.catalogue.planted import CATALOGUE, with_offer, with_price

HOST = "localhost:8000"
CHINESE = {"HTTP_ACCEPT_LANGUAGE": "zh-CN"}
QUERY = """{
  plans { key title about seats trialDays modules { name title }
    quotas { counted included limit overageUnit overage { lookupKey amount } }
    prices { lookupKey interval currency amount } seatPrices { lookupKey amount } }
  planAdditions { key title modules { name } prices { lookupKey amount } }
}"""


def page(query="", host=HOST, **headers):
    """Return the status of the page, and its text as it is read: a line for each piece."""
    answer = Client(HTTP_HOST=host).get(f"/pricing{query}", **headers)
    main = answer.content.decode().partition("<main>")[2]
    return answer.status_code, [line for piece in re.split(r"<[^>]+>", main) if (line := unescape(piece).strip())]


def links(query=""):
    answer = Client(HTTP_HOST=HOST).get(f"/pricing{query}")
    return re.findall(r'href="([^"]+)"', unescape(answer.content.decode().partition("<main>")[2]))


def forms(query=""):
    """Return what each form of the page sends of itself, in its order."""
    page = Client(HTTP_HOST=HOST).get(f"/pricing{query}").content.decode()
    found = re.findall(r'<form action="/signup">(.*?)</form>', page, re.DOTALL)
    return [re.findall(r'<input type="(?:hidden|number)" name="(\w+)".*?value="([^"]*)"', each) for each in found]


def ask(text=QUERY):
    answer = Client(HTTP_HOST=HOST).post("/graphql", json.dumps({"query": text}), content_type="application/json")
    assert "errors" not in answer.json(), answer.json()
    return answer.json()["data"]


def test_the_page_shows_a_planted_catalogue(plant):
    plant(CATALOGUE)
    status, lines = page()
    assert status == 200
    assert lines == [
        "Plans and prices",
        "Try everything for 10 days, without a card. Then keep what you use.",
        *("Monthly", "Yearly", "USD", "CNY"),
        *("Harbour", "For <ports>.", "$40", "a month", "2 seats included · each further seat $4.50 a month"),
        *("Seats", "Try Harbour"),
        *("SCM", "Approvals · Orders · Stock"),
        *("1,500 messages a month", "300 API points a second", "Paid as used beyond that: messages"),
        *("Beyond what is included", "Messages", "$2 for 1,000"),
        "Prices are without tax, which is added by where your company is.",
    ]


def test_the_page_shows_a_year_and_what_it_saves(plant):
    plant(with_price("harbour.year.cny", amount=Decimal("399.90")))
    _status, lines = page("?interval=year&currency=CNY")
    assert lines[6:11] == ["Harbour", "For <ports>.", "CN¥399.90", "a year", "CN¥80.10 saved"]
    assert "2 seats included · each further seat CN¥45 a year" in lines
    plant(with_price("harbour.year.cny", amount=Decimal(480)))
    assert not [line for line in page("?interval=year&currency=CNY")[1] if "saved" in line]


def test_each_choice_keeps_the_other_one(plant):
    plant(CATALOGUE)
    assert links("?interval=year&currency=CNY") == [
        "?interval=month&currency=CNY",
        "?interval=year&currency=CNY",
        "?interval=year&currency=USD",
        "?interval=year&currency=CNY",
    ]
    assert forms("?interval=year&currency=CNY") == [
        [("plan", "plan.harbour"), ("interval", "year"), ("currency", "CNY"), ("seats", "2"), ("modules", "scm")]
    ]


def test_our_own_page_sells_plans_and_single_modules_side_by_side():
    _status, lines = page()
    assert [line for line in lines if line.startswith("Try ")][1:] == [
        "Try Starter",
        "Try Business",
        "Try Enterprise",
        "Try what I chose",
    ]
    assert lines[lines.index("Pick your own") :][2:5] == ["$9", "a month", "1 seat included · each further seat $8 a month"]
    own = lines[lines.index("Bundles") : lines.index("Try what I chose")]
    assert own[:7] == [
        "Bundles",
        "CRM",
        "with Sales · Orders · Service · Approvals",
        "$25",
        "ERP",
        "with Approvals · Orders · Finance · Stock",
        "$35",
    ]
    assert own[own.index("Single modules") :][:5] == ["Single modules", "Sales", "with Orders", "$15", "Service"]
    chosen = [("plan", "plan.business"), ("interval", "month"), ("currency", "USD"), ("seats", "5")]
    assert forms()[1] == [*chosen, ("modules", "crm"), ("modules", "erp"), ("modules", "scm")]
    assert forms()[3][0] == ("plan", "plan.custom")


def test_a_partners_module_is_among_the_single_ones_where_it_is_sold(lamp):
    _status, lines = page()
    assert lines[lines.index("Lamp") :][:3] == ["Lamp", "with Approvals", "$12.50"]
    assert "Lamp" not in page("?currency=EUR")[1]


def test_readers_of_chinese_see_it_in_chinese_and_yuan():
    _status, lines = page(**CHINESE)
    assert lines[:2] == ["方案与价格", "免费试用全部功能 14 天，无需银行卡。之后只保留您需要的。"]
    assert "¥528" in lines and "试用商务版" in lines
    assert "US$79" in page("?currency=USD", **CHINESE)[1]


@pytest.mark.parametrize("query", ["?interval=week", "?currency=XAU", "?currency=usd", "?interval="])
def test_there_is_no_page_for_what_is_not_sold(query):
    assert page(query)[0] == 404


def test_the_page_is_on_the_accounts_host_only_and_only_read(tenant):
    assert page(host="a.localhost")[0] == 404
    assert Client(HTTP_HOST=HOST).post("/pricing").status_code == 405


def test_what_is_chosen_is_ticked_when_signing_up(tenant):
    text = Client(HTTP_HOST=HOST).get("/signup?modules=erp&modules=stock&modules=nothing").content.decode()
    ticked = re.findall(r'value="(\w+)"[^>]* checked', text)
    assert sorted(ticked) == ["erp", "stock"]
    assert 'value="crm"' in text and "nothing" not in text


def test_a_part_of_a_bundle_that_was_chosen_can_be_signed_up_for(tenant):
    form = {
        "company": "Acme",
        "slug": "acme",
        "email": "ada@acme.example",
        "password": "harbour-lantern-42",
        "modules": ["stock"],
    }
    assert Client(HTTP_HOST=HOST).post("/signup?modules=stock&modules=erp", form).status_code == 302
    assert SignUp.objects.get(slug="acme").modules == ["stock"]


def test_the_api_says_the_same_to_everybody(plant):
    plant(CATALOGUE)
    answer = ask()
    assert answer["plans"] == [
        {
            "key": "plan.harbour",
            "title": "Harbour",
            "about": "For <ports>.",
            "seats": 2,
            "trialDays": 10,
            "modules": [
                {"name": "base", "title": "Base"},
                {"name": "orders", "title": "Orders"},
                {"name": "stock", "title": "Stock"},
                {"name": "workflow", "title": "Approvals"},
                {"name": "scm", "title": "SCM"},
            ],
            "quotas": [
                {
                    "counted": "messages",
                    "included": "1500",
                    "limit": "soft",
                    "overageUnit": "1",
                    "overage": [
                        {"lookupKey": f"meter.messages.{interval}.{currency}", "amount": "0.002"}
                        for interval in ("month", "year")
                        for currency in ("usd", "cny")
                    ],
                },
                {"counted": "api_points", "included": "300", "limit": "hard", "overageUnit": None, "overage": []},
            ],
            "prices": [
                {
                    "lookupKey": f"harbour.{interval}.{currency.lower()}",
                    "interval": interval,
                    "currency": currency,
                    "amount": amount,
                }
                for interval, amount in (("month", "40"), ("year", "400"))
                for currency in ("USD", "CNY")
            ],
            "seatPrices": [
                {"lookupKey": f"seat.harbour.{interval}.{currency}", "amount": amount}
                for interval, amount in (("month", "4.5"), ("year", "45"))
                for currency in ("usd", "cny")
            ],
        }
    ]
    assert [each["key"] for each in answer["planAdditions"]] == ["bundle.scm", "module.workflow", "module.orders", "module.stock"]


def test_a_change_of_the_catalogue_changes_the_page_the_api_and_stripe_alike(plant):
    with running(deliver=False) as local:

        def seen():
            """Return what a month of the plan costs on the page, by the API and in Stripe, the trial, and what is sold beside."""
            sync_catalogue(client=local.client, catalogue=catalogue())
            _status, lines = page()
            answer = ask("{ plans { trialDays prices { lookupKey amount } } planAdditions { key } }")
            (plan,) = answer["plans"]
            (price,) = local.client.v1.prices.list({"lookup_keys": ["harbour.month.usd"]}).data
            products = local.client.v1.products.list({"active": True, "limit": 100}).data
            sold = {each.metadata["tessera"] for each in products}
            assert {each["key"] for each in answer["planAdditions"]} == {
                key for key in sold if key.startswith(("bundle", "module"))
            }
            assert plan["prices"][0]["lookupKey"] == "harbour.month.usd"
            return lines[lines.index("Harbour") + 2], plan["prices"][0]["amount"], price.unit_amount, plan["trialDays"], len(sold)

        plant(CATALOGUE)
        assert seen() == ("$40", "40", 4000, 10, 7)
        plant(replace(with_price("harbour.month.usd", amount=Decimal("44.50")), trial_days=21))
        assert seen() == ("$44.50", "44.5", 4450, 21, 7)
        plant(with_offer("module.stock", sold=False))
        assert seen() == ("$40", "40", 4000, 10, 6)


@pytest.mark.parametrize(
    ("amount", "currency", "language", "text"),
    [
        ("79", "USD", "en", "$79"),
        ("0.30", "USD", "en", "$0.30"),
        ("0.001", "USD", "en", "$0.001"),
        ("1680", "CNY", "zh-hans", "¥1,680"),
        ("12.5", "EUR", "zh-hans", "€12.50"),
        ("1200", "JPY", "en", "¥1,200"),
    ],
)
def test_amounts_are_written_as_the_reader_does(amount, currency, language, text):
    with override(language):
        assert money_text(Decimal(amount), currency) == text
