"""A company sees how it stands and what comes; who is closed out reaches the page to pay; payment heals; an outage closes nobody out."""

from datetime import UTC, datetime, timedelta

import pytest
from django.conf import settings
from django.test import Client
from tessera.accounts.models import Account
from tessera.errors import Refused

from billing.models import Closing, Entitlement
from billing.tasks import sweep
from tenants.deleting import delete_tenant
from tenants.models import Tenant, TenantExport
from tenants.provisioning import create_tenant
from tests.billing.core.shop import FAILS, entitled
from tests.billing.lifecycle.conftest import FOUNDED, clock, state_of
from tests.tenancy.people import member_of

STANDING = "{ billingStanding { access notice banner link due { amount currency } coming { at access } deletedAt } }"
ROLE = 'mutation { roleCreate(input: {name: "clerk", title: "Clerk"}) { userErrors { code } } }'


def standing(person):
    return person.data(STANDING)["billingStanding"]


def accounts(name="ada"):
    client = Client(HTTP_HOST=settings.BASE_DOMAIN)
    client.force_login(Account.objects.get(email=f"{name}@example.com"))
    return client


def test_in_its_trial_it_sees_what_comes(acme, ada):
    link = f"http://{settings.BASE_DOMAIN}/billing/acme"
    assert standing(ada) == {
        "access": "FULL", "notice": None, "banner": None, "link": link, "due": [], "deletedAt": None,
        "coming": [
            {"at": "2030-03-15T08:00:00+00:00", "access": "READ_ONLY"},
            {"at": "2030-03-29T08:00:00+00:00", "access": "SUSPENDED"},
            {"at": "2030-04-28T08:00:00+00:00", "access": "ARCHIVED"},
        ],
    }  # fmt: skip


def test_everybody_sees_the_banner(acme, ada, time_machine):
    bob = member_of(acme)
    time_machine.move_to(FOUNDED + timedelta(days=12), tick=False)
    assert standing(bob)["banner"] == "The trial ends on March 15, 2030. Choose a plan to go on working."
    time_machine.move_to(FOUNDED + timedelta(days=14), tick=False)
    clock()
    assert standing(bob)["banner"] == (
        "The trial is over: everything can be read and exported, nothing can be changed. Choose a plan."
    )
    assert ada.codes(ROLE) == ["READ_ONLY"]


def test_a_failed_payment_closes_by_the_days_of_the_company_and_its_payment_opens(acme, ada, shop, time_machine):
    Tenant.objects.filter(pk=acme.pk).update(time_zone="Asia/Shanghai")
    customer = shop.customer(acme)
    bought = shop.buys(customer, "starter.month.usd")
    shop.works()
    shop.pays_with(customer, FAILS)
    shop.stripe.advance(days=31, seconds=7200)
    invoice = shop.v1.invoices.list({"customer": customer.stripe_id, "subscription": bought.id}).data[0]
    failed = datetime.fromtimestamp(invoice.status_transitions.finalized_at, UTC)
    assert (failed.day, failed.hour) == (
        1,
        9,
    )  # of April: five in the afternoon in Shanghai, where the next day begins at 16:00 UTC
    first_day = datetime(2030, 4, 1, 16, tzinfo=UTC)

    def at(moment):
        time_machine.move_to(moment, tick=False)
        clock()
        return standing(ada)["banner"], *state_of(acme)

    time_machine.move_to(failed, tick=False)
    shop.works()
    assert standing(ada)["due"] == [{"amount": "19", "currency": "USD"}]
    told = "A payment has failed. Unless it is paid, nothing can be changed from April 8, 2030 on."
    closed = "A payment has failed: everything can be read, nothing can be changed, until it is paid."
    second = timedelta(seconds=1)
    assert at(first_day - second) == (None, "active", "full")
    assert at(first_day) == (told, "active", "full")
    assert at(first_day + timedelta(days=6) - second) == (told, "active", "full")
    assert at(first_day + timedelta(days=6)) == (closed, "active", "read_only")
    assert ada.codes(ROLE) == ["READ_ONLY"]
    assert at(first_day + timedelta(days=20) - second) == (closed, "active", "read_only")
    time_machine.move_to(first_day + timedelta(days=20), tick=False)
    clock()
    assert state_of(acme) == ("suspended", "full")
    assert ada.codes(ROLE) == ["TENANT_SUSPENDED"]
    shop.pays_with(customer, "pm_card_visa")
    shop.v1.invoices.pay(invoice.id)
    shop.works()
    assert (state_of(acme), standing(ada)["banner"], standing(ada)["due"]) == (("active", "full"), None, [])
    assert ada.data(ROLE)["roleCreate"]["userErrors"] == []


def test_a_subscription_that_is_to_end_says_so_and_is_reminded_of(acme, ada, shop, time_machine, mailoutbox):
    customer = shop.customer(acme)
    bought = shop.buys(customer, "starter.month.usd")
    shop.v1.subscriptions.update(bought.id, {"cancel_at_period_end": True})
    shop.works()
    shown = standing(ada)
    assert shown["banner"] == "The subscription ends on April 1, 2030."
    assert [each["access"] for each in shown["coming"]] == ["READ_ONLY", "SUSPENDED", "ARCHIVED"]
    shop.stripe.advance(days=31)
    time_machine.move_to(FOUNDED + timedelta(days=31), tick=False)
    shop.works()
    assert (entitled(acme).access, state_of(acme)) == ("read_only", ("active", "read_only"))
    time_machine.move_to(FOUNDED + timedelta(days=43), tick=False)
    clock()
    assert [mail.subject for mail in mailoutbox] == ["Acme will be suspended on April 15, 2030"]


def test_stripe_away_for_a_day_closes_nobody_out_who_paid_and_tells_nobody(acme, ada, shop, time_machine, mailoutbox):
    eves = create_tenant(company="Eve's", slug="eves")  # never bought anything: no Stripe is needed to know
    customer = shop.customer(acme)
    shop.buys(customer, "starter.month.usd")
    shop.works()
    shop.stripe.faults(outage="refuse")
    for hours in (31 * 24, 31 * 24 + 12, 32 * 24):
        time_machine.move_to(FOUNDED + timedelta(hours=hours), tick=False)
        clock()
        assert state_of(acme) == ("active", "full")
    assert standing(ada)["banner"] is None
    assert (mailoutbox, state_of(eves)) == ([], ("suspended", "full"))
    shop.stripe.faults()
    shop.stripe.advance(days=32)
    shop.works()
    assert state_of(acme) == ("active", "full")


def test_the_owner_of_a_closed_company_pays_on_the_accounts_host(acme, ada, shop, time_machine):
    for days in (14, 28):
        time_machine.move_to(FOUNDED + timedelta(days=days), tick=False)
        clock()
    company = Client(HTTP_HOST=f"acme.{settings.BASE_DOMAIN}", HTTP_ACCEPT="text/html")
    assert f'href="http://{settings.BASE_DOMAIN}/billing/acme"' in company.get("/").content.decode()
    client = accounts()
    assert client.get("/billing").headers["Location"] == "/billing/acme"
    page = client.get("/billing/acme").content.decode()
    assert "The company is closed; its data is kept." in page
    assert "April 28, 2030: it is archived; a day for its deletion is set" in page
    shop.stripe.advance(days=28)
    gone = client.post("/billing/acme/pay", {"plan": "plan.starter", "interval": "month"})
    session = shop.v1.checkout.sessions.list({"limit": 1}).data[0]
    assert (gone.status_code, gone.headers["Location"]) == (302, session.url)
    shop.stripe.pay(session.id)
    shop.works()
    assert (state_of(acme), entitled(acme).access) == (("active", "full"), "full")
    assert client.post("/billing/acme/pay").headers["Location"].startswith(shop.stripe.url)  # the portal


def test_what_cannot_be_paid_is_said_on_the_page(acme, ada):
    client = accounts()
    answer = client.post("/billing/acme/pay")
    assert (answer.status_code, "Nothing was bought yet." in answer.content.decode()) == (422, True)
    assert client.post("/billing/acme/pay", {"plan": "plan.nothing", "interval": "month"}).status_code == 404


def test_who_was_suspended_by_the_operators_is_not_told_that_all_is_well(acme, ada):
    Tenant.objects.filter(pk=acme.pk).update(state="suspended")
    page = accounts().get("/billing/acme").content.decode()
    assert "Access is suspended by those who run this platform; paying does not open it." in page
    assert "Everything works." not in page


def test_nobody_else_sees_it(acme, ada, settings):
    member_of(acme)
    assert accounts("bob").get("/billing/acme").status_code == 404
    assert accounts("bob").post("/billing/acme/pay").status_code == 404
    assert "There is no company whose bills are yours to pay." in accounts("bob").get("/billing").content.decode()
    assert accounts().get("/billing/nobody").status_code == 404
    stranger = Client(HTTP_HOST=settings.BASE_DOMAIN)
    assert stranger.get("/billing/acme").status_code == 302
    assert ada.client.get("/billing/acme").status_code == 404  # on the company's own host there is no such page
    settings.STRIPE_API_KEY = ""
    assert accounts().get("/billing/acme").status_code == 404


def test_the_export_is_given_to_those_who_answered_for_the_bills_also_when_nothing_else_is_left(acme, ada, settings):
    made = TenantExport.objects.create(tenant=acme, name="acme.zip", state="ready", sha256="0" * 64, finished_at=FOUNDED)
    file = settings.TESSERA_EXPORTS / str(acme.pk) / "acme.zip"
    file.parent.mkdir(parents=True)
    file.write_bytes(b"everything")
    owner = Account.objects.get(email="ada@example.com")
    owners = {str(owner.pk): owner.email}
    Closing.objects.create(tenant=acme, archived_at=FOUNDED, owners=owners, export=made, delete_at=FOUNDED)
    member_of(acme)
    for state in ("suspended", "deleted"):
        Tenant.objects.filter(pk=acme.pk).update(state=state)
        assert b"".join(accounts().get("/billing/acme/export").streaming_content) == b"everything"
        assert accounts("bob").get("/billing/acme/export").status_code == 404
    assert "All data of this company is deleted." in accounts().get("/billing/acme").content.decode()


@pytest.mark.parametrize("state", ["active", "preparing"])
def test_only_what_is_suspended_is_deleted(acme, state):
    Tenant.objects.filter(pk=acme.pk).update(state=state)
    made = TenantExport.objects.create(tenant=acme, name="acme.zip", state="ready", sha256="0" * 64, finished_at=FOUNDED)
    with pytest.raises(Refused) as told:
        delete_tenant(tenant=acme, export=made)
    assert told.value.problems[0].code == "STATE"


@pytest.mark.parametrize("kept", [b"something else", None])
def test_an_export_whose_file_is_another_or_gone_lets_nothing_be_deleted(acme, settings, kept):
    Tenant.objects.filter(pk=acme.pk).update(state="suspended")
    made = TenantExport.objects.create(tenant=acme, name="acme.zip", state="ready", sha256="0" * 64, finished_at=FOUNDED)
    file = settings.TESSERA_EXPORTS / str(acme.pk) / "acme.zip"
    file.parent.mkdir(parents=True)
    if kept:
        file.write_bytes(kept)
    with pytest.raises(Refused) as told:
        delete_tenant(tenant=acme, export=made)
    assert (told.value.problems[0].code, Tenant.objects.get(pk=acme.pk).state) == ("EXPORT", "suspended")


def test_a_sweep_without_news_changes_nothing(acme, ada, time_machine):
    time_machine.move_to(FOUNDED + timedelta(days=14), tick=False)
    clock()
    before = Entitlement.objects.values().get(tenant=acme)
    sweep()
    clock()
    assert Entitlement.objects.values().get(tenant=acme) == before
