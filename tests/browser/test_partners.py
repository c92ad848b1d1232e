"""Somebody of a partner reads what is theirs in a browser, without JavaScript, on a desk and on a phone, in both languages."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from django.utils import timezone
from tessera.accounts.tests.hosts import PASSWORD, make_account

from billing.models import Partner, PartnerLine, PartnerPerson, PartnerStatement, Payout, SharedInvoice, StatementEntry
from tests.browser.conftest import LANGUAGES, WIDTHS

pytestmark = [pytest.mark.committed, pytest.mark.slow]
SAYS = {
    "en": ("Owed to you", "Statement of January 2031, USD", "Download as CSV"),
    "zh-hans": ("应付给您", "2031年1月对账单（USD）", "下载 CSV"),
}
SALES = (("sale", 1), ("sale", 1), ("refund", -1), ("sale", 12), ("dispute", -12))


@pytest.fixture(autouse=True)
def _sold(settings):
    settings.TESSERA_CATALOGUE = "tests.billing.partners.planted.CATALOGUE"


@pytest.fixture
def paula(accounts):
    """Make a person of a partner who has sold in two months, one of which is paid."""
    make_account("paula@acme.example", name="Paula")
    partner = Partner.objects.create(vendor="acme", account="acct_1", takes_transfers=True)
    PartnerPerson.objects.create(partner=partner, email="paula@acme.example")
    opening = Decimal(0)
    for month in (date(2030, 12, 1), date(2031, 1, 1)):
        lines = [line for number in range(3) for line in sold(partner, month, number)]
        net = sum(line.net for line in lines)
        told = PartnerStatement.objects.create(
            partner=partner, currency="USD", month=month, opening=opening, line_count=len(lines),
            gross=net * 5 / 4, share=net / 4, net=net, closing=opening + net, due=opening + net,
        )  # fmt: skip
        StatementEntry.objects.bulk_create([StatementEntry(statement=told, line=line) for line in lines])
        Payout.objects.create(statement=told, amount=told.due)
    paid = Payout.objects.filter(statement__month=date(2030, 12, 1))
    paid.update(state="paid", transfer="tr_1Rk2vM0Xw8wQyBd4", paid_at=timezone.now())
    list(sold(partner, date(2031, 2, 1), 0))


def sold(partner, month, number):
    invoice = SharedInvoice.objects.create(stripe_id=f"in_{month}_{number}")
    sale = None
    for place, (kind, times) in enumerate(SALES):
        gross = Decimal(20) * times
        sale = PartnerLine.objects.create(
            partner=partner, invoice=invoice, kind=kind, source=f"{kind}_{month}_{number}_{place}", sale=None if kind == "sale" else sale,
            product="module.finance", currency="USD", gross=gross, share=gross / 5, net=gross * 4 / 5, basis_points=2_000,
            taken=0 if kind == "sale" else -gross, occurred_at=datetime(month.year, month.month, 2 + 5 * place, tzinfo=UTC),
        )  # fmt: skip
        yield sale


@pytest.mark.parametrize("language", LANGUAGES)
def test_paula_reads_a_statement_and_takes_it_along(paula, person, language, tmp_path):
    owed, title, download = SAYS[language]
    for width in WIDTHS:
        one = person(width=width, language=language, java_script_enabled=False)
        one.open("/partners/")
        one.page.fill("input[name=login]", "paula@acme.example")
        one.page.fill("input[name=password]", PASSWORD)
        one.press()
        assert owed in one.text()
        one.press("main table a >> nth=0")
        assert title in one.text()
        with one.page.expect_download() as fetched:
            one.page.click(f"text={download}")
        assert fetched.value.suggested_filename == "acme-2031-01-USD.csv"
        assert len(fetched.value.path().read_text().splitlines()) == 16
