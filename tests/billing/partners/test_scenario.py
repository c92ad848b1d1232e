"""From a company that buys a partner's module over its API to the transfer to the partner, by the operators' commands."""

import io
from datetime import UTC, datetime, timedelta

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from billing.catalogue.selectors import catalogue
from billing.catalogue.sync import sync_catalogue
from billing.gateway import client as gateway
from billing.local_stripe.testing import running
from billing.models import Partner
from billing.partners.statements import next_month
from tenants.provisioning import create_tenant
from tests.billing.catalogue.conftest import lamp  # noqa: F401
from tests.billing.core.shop import Shop, entitled
from tests.billing.partners.hands import Dealer, lines, onboarded
from tests.billing.services.words import CHECKOUT
from tests.tenancy.people import owner_of


@pytest.fixture
def shop(_database, vended, settings, monkeypatch):
    """Return a local Stripe to which the catalogue was brought, with the partner's module in it."""
    monkeypatch.setattr(gateway, "RETRIES", 0)
    with running(deliver=False) as stripe:
        settings.STRIPE_API_BASE = stripe.url
        sync_catalogue(client=stripe.client, catalogue=catalogue())
        stripe.local.store.kinds["event"].clear()
        yield Shop(stripe)


@pytest.fixture
def vended(lamp, monkeypatch):  # noqa: F811
    """Let the lamp be made by acme, as its manifest would say."""
    from tests.billing.catalogue.lamp.apps import Lamp

    monkeypatch.setattr(Lamp, "vendor", "acme")
    catalogue.__globals__["_completed"].cache_clear()
    yield
    catalogue.__globals__["_completed"].cache_clear()


def billing(*words):
    """Run an operator's command; return what it says."""
    out = io.StringIO()
    call_command("billing", *words, stdout=out)
    return out.getvalue()


def test_from_a_purchase_to_the_payout(shop, settings, time_machine):
    settings.TESSERA_PARTNER_MINIMUM = {"USD": "10"}
    assert catalogue().partner_of("module.lamp").vendor == "acme"
    begin = datetime(2031, 1, 10, 9, tzinfo=UTC)
    shop.stripe.advance(int(begin.timestamp()) - shop.stripe.now)
    time_machine.move_to(begin)
    acme = create_tenant(company="Acme", slug="acme")
    type(acme).objects.filter(pk=acme.pk).update(created_at=begin - timedelta(days=14))  # its trial is over
    ada = owner_of(acme)
    wish = {"plan": "plan.enterprise", "interval": "MONTH", "currency": "USD", "additions": ["module.lamp"]}
    answer = ada.data(CHECKOUT, input=wish)["it"]
    assert answer["userErrors"] == []
    shop.stripe.pay(answer["result"]["url"].rpartition("/")[2])
    dealer = Dealer.of(shop, acme)
    dealer.works()
    assert "lamp" in entitled(acme).bought
    assert [(kind, str(net)) for kind, _gross, _share, net in lines()] == [("sale", "10.00")]

    said = billing("partners", "onboard", "acme", "--email", "acme@example.com", "--country", "DE")
    assert said.split()[2] == "onboarding" and "/onboard/acct_" in said
    onboarded(shop)
    assert "the platform keeps 2000 basis points" in billing("partners", "list")
    assert "10.00 USD owed, 10.00 not on a statement" in billing("partners", "list")

    begins = datetime(*next_month(begin.date()).timetuple()[:3], 9, tzinfo=UTC) + timedelta(days=3)
    shop.stripe.advance(int((begins - timezone.now()).total_seconds()))
    time_machine.move_to(begins)
    assert billing("partners", "close") == (
        "acme 2031-01 USD: opening 0.00, 1 lines, gross 12.50, share 2.50, net 10.00, closing 10.00, due 10.00\n1 statements closed\n"
    )
    assert billing("partners", "pay", "--dry-run") == "acme 2031-01 USD: 10.00 due\n"
    paid = billing("partners", "pay")
    (transfer,) = shop.v1.transfers.list().data
    assert paid == f"acme 2031-01 USD: 10.00 paid by {transfer.id}\n"
    assert (transfer.amount, transfer.destination) == (1000, Partner.objects.get().account)
    assert billing("partners", "pay") == ""

    (invoice,) = shop.v1.invoices.list().data
    said = billing("refund", invoice.id, "--amount", "26.15", "--reason", "it was dark")
    assert said.endswith(": 26.15 USD\n")
    dealer.works()
    assert [(kind, str(gross), str(net)) for kind, gross, _share, net in lines()][1:] == [("refund", "-1.25", "-1.00")]
    assert f"module.lamp              {invoice.id}" in billing("partners", "statement", "acme", "--month", "2031-01")


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("partners", "onboard", "nobody"), "NOT_FOUND vendor"),
        (("partners", "onboard", "acme"), "REQUIRED email: This is required.; REQUIRED country: This is required."),
        (("partners", "close", "--month", "2999-01"), "STATE month"),
        (("partners", "close", "--month", "soon"), "INVALID month"),
        (("partners", "hold", "acme", "--reason", ""), "REQUIRED reason"),
        (("refund", "in_none", "--reason", "why"), "NOT_FOUND invoice"),
        (("refund", "in_none", "--amount", "much", "--reason", "why"), "INVALID amount"),
    ],
)
def test_what_an_operator_cannot_do_is_told_by_code_and_field(dealer, words, says):
    with pytest.raises(CommandError, match=says):
        billing(*words)


def test_who_waits_for_a_payout_is_told_and_the_command_fails(dealer, time_machine):
    dealer.buys()
    dealer.works()
    time_machine.move_to(timezone.now() + timedelta(days=40))
    billing("partners", "close")
    billing("partners", "hold", "acme", "--reason", "we ask")
    with pytest.raises(CommandError, match="1 payouts wait"):
        billing("partners", "pay")


def test_where_nothing_is_sold_the_commands_say_so(dealer, settings):
    settings.STRIPE_API_KEY = ""
    with pytest.raises(CommandError, match="there is no Stripe"):
        billing("partners", "pay")
