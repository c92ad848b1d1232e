"""The API speaks Chinese of ledger accounts and closed periods, and not of those who sign in or of closed tickets."""

import pytest
from django.utils import translation
from tessera.context import acting
from tessera.permissions import all_permissions
from tessera.testing.asking import ask, id_of
from tessera.testing.contract.answers import member

from modules.erp.finance.models import FiscalPeriod
from modules.erp.finance.tests.factories import make_books

pytestmark = pytest.mark.usefixtures("inside")
RECORDS = 'query { moduleImpact(module: "finance") { records { kind title } } }'
CLOSE = "mutation($id: ID!) { fiscalPeriodClose(id: $id, input: {area: LEDGER}) { userErrors { code message } } }"


@pytest.fixture
def book(inside):
    return make_books()[1]


def chinese(text, **variables):
    with translation.override("zh-hans"), acting(member(*all_permissions())):
        return ask(text, **variables)["data"]


def test_what_a_module_holds_is_counted_by_the_words_of_accounting(book):
    titles = {each["kind"]: each["title"] for each in chinese(RECORDS)["moduleImpact"]["records"]}
    assert (titles["finance.Account"], titles["finance.FiscalPeriod"], titles["finance.Journal"]) == (
        "科目",
        "会计期间",
        "凭证类别",
    )


def test_what_is_wrong_with_closing_a_period_is_said_by_the_words_of_accounting(book):
    march = FiscalPeriod.objects.get(company=book.company, year__code="2026", number=3)
    assert chinese(CLOSE, id=id_of(march))["fiscalPeriodClose"]["userErrors"] == [
        {"code": "STATE", "message": "请先结账：销售、采购、存货。"}
    ]
