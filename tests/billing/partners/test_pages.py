"""A partner's people read what is theirs on the accounts host; to everybody else there is no such page, byte for byte."""

import csv
import io
from datetime import timedelta
from decimal import Decimal as D

import pytest
from allauth.account.models import EmailAddress
from django.conf import settings
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone
from tessera.accounts.models import Account
from tessera.accounts.operators.models import OperatorAct
from tessera.accounts.services import create_account

from billing.models import Partner, PartnerPerson
from billing.partners import reading, views
from billing.partners.payouts import pay_partners
from billing.partners.statements import close_statements, last_month
from tests.billing.partners.hands import funded, onboarded

PASSWORD = "correct horse 42"


def command(*words):
    out = io.StringIO()
    call_command("billing", "partners", *words, stdout=out)
    return out.getvalue()


def browser(email, *, verified=True):
    """Return the browser of somebody who has signed in on the accounts host."""
    create_account(email=email, password=PASSWORD, verified=verified)
    client = Client(HTTP_HOST=settings.BASE_DOMAIN)
    client.force_login(Account.objects.get(email=email))
    return client


@pytest.fixture
def month(dealer, time_machine):
    """Return a closed and paid month in which a module was sold and half of it given back, as addresses have it."""
    onboarded(dealer.shop)
    funded(dealer)
    invoice = dealer.buys()
    dealer.works()
    dealer.gives_back(invoice.id, 1450)
    dealer.works()
    time_machine.move_to(timezone.now() + timedelta(days=40))
    (statement,) = close_statements(month=last_month(timezone.now()))
    list(pay_partners())
    return f"{statement.month:%Y-%m}"


def test_a_person_of_the_partner_reads_statements_payouts_and_what_is_owed(month):
    command("person", "acme", "Paula@Acme.example")
    paula = browser("paula@acme.example")
    assert 'href="/partners/"' in paula.get("/").text and 'href="/partners/"' not in browser("bob@acme.example").get("/").text
    gone = paula.get("/partners/")
    assert (gone.status_code, gone["Location"]) == (302, "/partners/acme/")
    page = paula.get("/partners/acme/").content.decode()
    for said in (
        "Acme Modules Ltd",
        "the platform keeps 20%",
        "Payouts go to your account",
        "$8.00",
        "tr_",
        f"/partners/acme/{month}/USD/",
    ):
        assert said in page
    page = paula.get(f"/partners/acme/{month}/USD/").content.decode()
    for said in ("Finance", "refund", "$20.00", "-$4.00", "$16.00", "-$10.00", "$2.00", "-$8.00", "Download as CSV"):
        assert said in page


def test_a_statement_is_a_table_that_adds_up(month):
    command("person", "acme", "paula@acme.example")
    answer = browser("paula@acme.example").get(f"/partners/acme/{month}/USD.csv")
    assert answer["Content-Type"] == "text/csv; charset=utf-8"
    assert answer["Content-Disposition"] == f'attachment; filename="acme-{month}-USD.csv"'
    rows = list(csv.DictReader(io.StringIO(b"".join(answer.streaming_content).decode())))
    assert [(row["kind"], row["product"], row["gross"], row["share"], row["net"]) for row in rows] == [
        ("sale", "module.finance", "20.00", "4.00", "16.00"),
        ("refund", "module.finance", "-10.00", "-2.00", "-8.00"),
    ]
    assert sum(D(row["net"]) for row in rows) == 8


def test_no_cell_of_a_statement_is_a_formula(month, monkeypatch):
    command("person", "acme", "paula@acme.example")
    told = reading.csv_rows

    def planted(statement):
        head, *lines = told(statement)
        yield head
        yield from (tuple("=HYPERLINK(1)" if each == "module.finance" else each for each in line) for line in lines)

    monkeypatch.setattr(views, "csv_rows", planted)
    answer = browser("paula@acme.example").get(f"/partners/acme/{month}/USD.csv")
    rows = list(csv.DictReader(io.StringIO(b"".join(answer.streaming_content).decode())))
    assert (rows[0]["product"], rows[1]["gross"]) == ("'=HYPERLINK(1)", "-10.00")


ADDRESSES = ("/partners/", "/partners/acme/", "/partners/acme/{month}/USD/", "/partners/acme/{month}/USD.csv")


@pytest.mark.parametrize("who", ["stranger", "other", "unproven", "removed"])
def test_to_everybody_else_it_is_as_any_address_that_is_not_there(month, who):
    command("person", "acme", "paula@acme.example")
    Partner.objects.create(vendor="other")
    email = {
        "stranger": "eve@example.com",
        "other": "otto@other.example",
        "unproven": "paula@acme.example",
        "removed": "paula@acme.example",
    }[who]
    eve = browser(email, verified=who != "unproven")
    if who == "other":
        PartnerPerson.objects.create(partner=Partner.objects.get(vendor="other"), email=email)
    if who == "removed":
        command("person", "acme", "paula@acme.example", "--remove")
    nowhere = eve.get("/nowhere")
    asked = ADDRESSES[1:] if who == "other" else ADDRESSES
    for address in (*asked, "/partners/nobody/", "/partners/acme/soon/USD/"):
        answer = eve.get(address.format(month=month))
        assert (answer.status_code, answer.content) == (404, nowhere.content), address
    if who == "other":
        assert eve.get("/partners/other/").status_code == 200


def test_what_a_person_may_not_ask_for_is_not_there_either(month):
    command("person", "acme", "paula@acme.example")
    paula = browser("paula@acme.example")
    for address in (
        "/partners/acme/2001-01/USD/",
        f"/partners/acme/{month}/EUR/",
        "/partners/acme/soon/USD/",
        "/partners/other/",
    ):
        assert paula.get(address).status_code == 404
    assert paula.post("/partners/acme/").status_code == 405


def test_who_has_not_signed_in_is_asked_to_whatever_there_is(month, tenant):
    nobody = Client(HTTP_HOST=settings.BASE_DOMAIN)
    for address in ("/partners/", "/partners/acme/", "/partners/nobody/"):
        assert nobody.get(address)["Location"] == f"/account/login/?next={address}"
    inside = Client(HTTP_HOST=f"{tenant.slug}.{settings.BASE_DOMAIN}")
    assert inside.get("/partners/acme/").status_code == 404


def test_an_address_counts_only_while_it_is_the_accounts(month):
    command("person", "acme", "paula@acme.example")
    paula = browser("paula@acme.example")
    assert paula.get("/partners/acme/").status_code == 200
    EmailAddress.objects.filter(email="paula@acme.example").update(email="paula@elsewhere.example")
    assert paula.get("/partners/acme/").status_code == 404


def test_who_sees_a_partners_money_is_an_act_and_is_listed(dealer):
    assert command("person", "acme", "Paula@acme.example ").endswith("/partners/acme/: paula@acme.example\n")
    command("person", "acme", "paula@acme.example")
    assert "    seen by paula@acme.example" in command("list")
    assert command("person", "acme", "paula@acme.example", "--remove").endswith(": nobody\n")
    acts = OperatorAct.objects.filter(act="billing.partner_people").order_by("done_at")
    assert [each.details for each in acts] == [{"added": "paula@acme.example"}, {"removed": "paula@acme.example"}]
    for words, says in (
        (("person", "nobody", "a@b.example"), "NOT_FOUND vendor"),
        (("person", "acme", "paula"), "INVALID email"),
        (("person", "acme", "paula@acme.example", "--remove"), "NOT_FOUND email"),
    ):
        with pytest.raises(CommandError, match=says):
            command(*words)


@pytest.mark.parametrize(("language", "says"), [("en", "Owed to you"), ("zh-hans", "应付给您")])
def test_the_pages_are_in_the_readers_language(month, language, says):
    command("person", "acme", "paula@acme.example")
    paula = browser("paula@acme.example")
    assert says in paula.get("/partners/acme/", HTTP_ACCEPT_LANGUAGE=language).content.decode()


def test_a_long_statement_is_read_page_by_page(month, monkeypatch):
    monkeypatch.setattr("billing.partners.views.ON_A_PAGE", 1)
    command("person", "acme", "paula@acme.example")
    paula = browser("paula@acme.example")
    first = paula.get(f"/partners/acme/{month}/USD/").content.decode()
    second = paula.get(f"/partners/acme/{month}/USD/", {"page": "2"}).content.decode()
    assert ("?page=2" in first, "refund" in first, "All of the month" in first) == (True, False, False)
    assert ("?page=1" in second, "refund" in second, "All of the month" in second) == (True, True, True)
